import Failures
import Foundation
import TestSupport
import Testing
import Training

/// Training steps that PyTorch computed in float64 (residual networks in all four meanings of
/// BatchNorm's statistics, and vision transformers for squares and rectangles).
@Suite struct GoldenTests {
    static let files: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".safetensors") }.sorted().map { folder.appendingPathComponent($0).path }
    }()

    @Test func allFilesAreThere() { #expect(Self.files.count == 9) }

    @Test(arguments: files) func everyTensorAgreesWithPyTorch(_ file: String) throws {
        let comparisons = try GoldenStep(path: file).replay()
        #expect(comparisons.count > 30)
        for comparison in comparisons {
            #expect(comparison.agrees, "\(comparison.tensor) differs by \(comparison.relativeError)")
        }
    }

    @Test func aDenoiserIsRefused() throws {
        let header = """
            {"__metadata__": {"lambda": "1", "gradient": "logit", "statistics": "frozen",
             "model": "kind: mlp-denoiser"},
             "g": {"dtype": "F32", "shape": [1, 2, 2, 1, 1], "data_offsets": [0, 16]}}
            """
        var file = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
        file += Data(header.utf8) + Data(count: 16)
        let folder = TemporaryDirectory(), path = folder.file("golden.safetensors")
        try file.write(to: URL(fileURLWithPath: path))
        let failure = #expect(throws: Failure.self) { try GoldenStep(path: path) }
        #expect(failure?.kind == .badInput && failure?.description.contains("denoiser") == true)
    }

    @Test func aFileWithoutMetadataIsRefusedByName() {
        #expect(throws: Failure.self) { try GoldenStep(path: "/dev/null") }
    }
}
