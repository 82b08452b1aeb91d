/// The set within which an attack may move an image.
struct Threat: Hashable, Sendable {
    let norm: String
    let epsilon: Double

    var text: String { "\(NumberText.norm(norm)) \(NumberText.epsilon(epsilon))" }
}
