/// What an evaluation tells of an attack.
struct AttackResult: Sendable {
    /// What makes two attacks the same attack.
    struct Kind: Hashable, Sendable {
        let name: String
        let threat: Threat?
        let steps: Int?
        let restarts: Int?
        /// The precision of the products that it searched on; nil for float32.
        let search: String?
        /// Of a part of a cascade, which is run on what the parts before it have left: the cascade's name.
        let cascade: String?

        /// The budget and what the attack spent, such as `L2 0.5` and `20 steps`.
        var details: [String] {
            var parts = threat.map { [$0.text] } ?? []
            if let steps, steps > 1 { parts.append("\(steps) steps") }
            if let restarts, restarts > 1 { parts.append("\(restarts) restarts") }
            if let search { parts.append("in \(search)") }
            return parts
        }
    }

    let kind: Kind
    /// Of all images; after a part of a cascade, what it and the parts before it have left.
    let robustAccuracy: Double?
    let seconds: Double?
    /// Accuracy over the radius, of an attack that measures distances; else empty.
    let curve: [RobustnessFile.CurvePoint]
}
