import Kernels

/// What makes images useless to learn from, or to measure on, although every file of them is well.
extension Dataset {
    /// Whether the first `count` images are all the same.
    public func isConstant(first count: Int) -> Bool {
        var first = [Scalar](repeating: 0, count: shape.count), image = first
        guard count > 0 else { return false }
        read(0, into: &first)
        return (1..<max(1, min(count, self.count))).allSatisfy { index in
            read(index, into: &image)
            return image == first
        }
    }

    /// Of the first `count` images, each as a sentence; none of data that are as data should be.
    public func oddities(ofFirst count: Int) -> [String] {
        let count = min(count, self.count)
        guard count > 1 else { return [] }
        var found: [String] = []
        if isConstant(first: count) {
            var image = [Scalar](repeating: 0, count: shape.count)
            read(0, into: &image)
            found.append("all \(count) images are \(image.allSatisfy { $0 == 0 } ? "zero" : "the same")")
        }
        if (1..<count).allSatisfy({ label($0) == label(0) }) {
            found.append("all \(count) images are of class \(label(0)) (\(classNames[label(0)]))")
        }
        return found
    }
}
