import Autodiff
import Data
import Diffusion
import Failures
import Formats
import Foundation
import TargetGeneration
import TestSupport
import Testing

/// Networks that do not fit the data are refused with what is wrong about them.
@Suite struct DenoiserFileTests {
    @Test(arguments: [0, 10, 12]) func aTableOfOtherClassesIsNamed(_ rows: Int) throws {
        let folder = TemporaryDirectory()
        let config = """
            {"_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 1, "out_channels": 1, "norm_num_groups": 4,
             "block_out_channels": [8, 8], "num_class_embeds": \(rows)}
            """
        try Data(config.utf8).write(to: URL(fileURLWithPath: folder.path + "/config.json"))
        var settings = ScoreBased()
        settings.denoiser = folder.path
        let context = GenerationContext(
            dataset: try DatasetRegistry.open("digits").train, seed: 1, runDirectory: "",
            files: InputFiles(settings.inputFiles(runDirectory: "")), process: DiffusionProcess(), pool: MemoryPool(),
            progress: {})
        let failure = #expect(throws: Failure.self) { try settings.prepare(context) }
        #expect(failure?.kind == .badInput)
        #expect(failure?.description.contains("num_class_embeds is \(rows), expected 11") == true)
    }
}
