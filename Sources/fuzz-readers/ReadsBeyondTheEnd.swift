import Failures
import Formats

/// What a faulty reader is: one that takes a byte behind an input's last, of a mapped file and of lent bytes in turn.
/// Asked for by name, it shows that such a fault is found.
var readsBeyondTheEnd: FuzzedReader {
    FuzzedReader(
        name: "reads-beyond-the-end", share: 1, seeds: [[1, 2, 3], [UInt8](repeating: 4, count: 4096)],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        let beyond: UInt8
        if input.count % 2 == 0 {
            let file = try MappedFile(path: try folder.write(input, to: "a"))
            beyond = withExtendedLifetime(file) { byteBehind(file.bytes) }
        } else {
            beyond = folder.lend(input, byteBehind)
        }
        guard beyond == 0 else { throw Failure(.badInput, "\(beyond) behind the last byte") }
    }
}

private func byteBehind(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
    bytes.baseAddress.map { ($0 + bytes.count).load(as: UInt8.self) } ?? 0
}
