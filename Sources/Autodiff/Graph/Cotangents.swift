import Tracing

/// What has come together so far of the gradients of nodes.
struct Cotangents {
    private var sums: [ObjectIdentifier: Tensor] = [:]
    /// What is still to be added to them, and to what shape.
    private var deferred: [ObjectIdentifier: (sums: Contribution, shape: Shape)] = [:]

    func contains(_ node: ObjectIdentifier) -> Bool { sums[node] != nil || deferred[node] != nil }

    mutating func take(_ node: ObjectIdentifier) -> Tensor? {
        let sum = sums.removeValue(forKey: node)
        guard let (waiting, shape) = deferred.removeValue(forKey: node) else { return sum }
        var total = waiting
        total.tensor = sum
        return total.total(shape)
    }

    mutating func deferSums(of part: Contribution, to node: ObjectIdentifier, _ shape: Shape) {
        deferred[node, default: (Contribution(), shape)].sums.deferSums(of: part)
    }

    /// Adds in place where nobody else can see the accumulated numbers.
    mutating func add(_ part: Tensor, to node: ObjectIdentifier) {
        guard var sum = sums.removeValue(forKey: node) else {
            sums[node] = part
            return
        }
        if sum.node == nil, part.node == nil, !sum.storage.isWindow, isKnownUniquelyReferenced(&sum.storage) {
            sum.execution.trace.span(.operation, "accumulate", detail: sum.shape.description) {
                sum.storage.add(part.storage)
            }
            sums[node] = sum
        } else {
            sums[node] = sum + part
        }
    }
}
