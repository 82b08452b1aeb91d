import Glibc
import Testing

/// No operation goes unchecked: the catalogue names every one that the sources define, and nothing else.
@Suite struct CatalogueTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Sources/Autodiff/Operations"

    private static func files() throws -> [String] {
        let directory = try #require(opendir(folder), "no folder \(folder)")
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".swift") { names.append(name) }
        }
        return names.sorted()
    }

    private static func text(of file: String) throws -> String {
        let stream = try #require(fopen("\(folder)/\(file)", "r"))
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    /// Types declared as `struct Name: Operation`, or one of the protocols that refine it, in one file.
    private static func operations(in file: String) throws -> [String] {
        try text(of: file)
            .matches(of: /\b(?:struct|class|enum)\s+(\w+)\s*:[^{\n]*\b(?:Epilogue|Product)?Operation\b/)
            .map { String($0.1) }
    }

    @Test func everyFileDefinesOperationsThatAreChecked() throws {
        let files = try Self.files()
        #expect(files.count >= 13)
        let checked = Set(OperationCatalogue.all.flatMap(\.covers))
        var defined: Set<String> = []
        for file in files {
            let operations = try Self.operations(in: file)
            #expect(!operations.isEmpty, "\(file) defines no operation")
            for operation in operations { #expect(checked.contains(operation), "\(operation) of \(file) is unchecked") }
            defined.formUnion(operations)
        }
        #expect(checked.subtracting(defined).isEmpty, "checked but not defined")
    }

    @Test func checksAreDistinct() {
        let names = OperationCatalogue.all.map(\.testDescription)
        #expect(names.count > 90)
        #expect(Set(names).count == names.count)
    }
}
