import Foundation
import Testing

/// No operation goes unchecked: the catalogue names every one that the sources define, and nothing else.
@Suite struct CatalogueTests {
    private static let folder =
        #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Sources/Autodiff/Operations"

    private static func files() throws -> [String] {
        let found = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return found.filter { $0.hasSuffix(".swift") }.sorted()
    }

    /// Types declared as `struct Name: Operation`, or one of the protocols that refine it, in one file.
    private static func operations(in file: String) throws -> [String] {
        try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            .matches(of: /\b(?:struct|class|enum)\s+(\w+)\s*:[^{\n]*\b(?:Epilogue|Product|Factor)?Operation\b/)
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
