import Failures
import Foundation
import Kernels
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

    @Test func allFilesAreThere() { #expect(Self.files.count == 12) }

    @Test(arguments: files) func everyTensorAgreesWithPyTorch(_ file: String) throws {
        let replay = try GoldenStep(path: file).replay()
        #expect(replay.comparisons.count > 30)
        for comparison in replay.comparisons {
            #expect(comparison.agrees, "\(comparison.tensor) differs by \(comparison.relativeError)")
        }
        #expect(abs(try #require(replay.gradientCosine) - 1) < 1e-6)
    }

    /// Rounding factors changes numbers by a thousandth, and hardly the direction in which the step goes. Statistics of
    /// two or three images turn that into more, in PyTorch as here.
    @Test(arguments: files, BFloat16Unit.allCases) func roundedFactorsKeepTheDirection(
        _ file: String, unit: BFloat16Unit
    )
        throws
    {
        // It is emulated where there is none, slowly.
        if unit != .none && !file.contains("/vit-") && !file.contains("/resnet8-") { return }
        let replay = try GoldenStep(path: file).replay(products: .bfloat16, unit: unit)
        let cosine = try #require(replay.gradientCosine)
        let hasOwnStatistics = ["frozen", "repeated", "per-class"].contains { file.contains($0) }
        #expect(cosine >= (hasOwnStatistics ? 0.8 : GoldenStep.roundedCosine), "\(cosine)")
        #expect(replay.comparisons.contains { $0.relativeError > 1e-4 }, "nothing was rounded")
    }

    #if PAG_DOUBLE
        static let rounded = ["resnet8-logprob-per-class", "vit-logprob", "vit-rectangle-logprob"]
    #else
        /// In Float some sums fall to the other side of a tie, and what follows makes much of each.
        static let rounded = ["vit-rectangle-logprob"]
    #endif

    /// The same step with rounded factors by PyTorch (Tests/Peer/rounded_products.py), summed as float32.
    @Test(arguments: rounded) func roundedFactorsAreThoseOfPyTorch(_ name: String) throws {
        let file = try #require(Self.files.first { $0.hasSuffix("/\(name).safetensors") })
        let step = try GoldenStep(path: file.replacing("/Golden/", with: "/GoldenRounded/"))
        func distance(_ products: ProductPrecision) throws -> Double {
            1 - (try #require(try step.replay(products: products, unit: .none).gradientCosine))
        }
        #expect(try distance(.bfloat16) < 1e-9)
        #expect(try distance(.float32) > 1e-6)
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
