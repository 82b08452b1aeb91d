import Formats

/// SHA-256 of what a dataset is: what it is called, its shape and classes, then labels and pixels as they are added.
struct Fingerprint {
    private var hash = SHA256()

    init(name: String, shape: ImageShape, classNames: [String], count: Int) {
        // Every text ends in a zero byte, so that two lists never run together to the same bytes.
        for text in [name, shape.description, String(count)] + classNames { hash.update(text + "\0") }
    }

    /// A byte a label where that is enough.
    mutating func add(labels: [UInt16]) {
        if labels.allSatisfy({ $0 <= UInt8.max }) {
            labels.map { UInt8($0) }.withUnsafeBytes { add($0) }
        } else {
            labels.withUnsafeBytes { add($0) }
        }
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) { hash.update(bytes) }

    /// 64 hexadecimal digits.
    func text() -> String { hash.hexDigest() }
}
