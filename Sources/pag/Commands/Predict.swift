import ArgumentParser
import Checkpoints
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Kernels
import Training

struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Logits and labels of test images, over all ranks, as a safetensors file.",
        discussion:
            "The file has logits, F32 [images, classes], and y, I64 [images], in the data's order; its bytes are "
            + "the same for any number of ranks and any batch.")

    @OptionGroup var input: ClassifierArguments

    @Option(help: "The first N test images. Default: all.")
    var samples: Int?

    @Option(help: "The safetensors file to write.")
    var out: String

    @Option(help: ArgumentHelp("bfloat16: with rounded factors of products.", valueName: "precision"))
    var products = ProductPrecision.float32

    @Option(help: "Images that go through the network at once. Does not change the result.")
    var batch = 32

    @Option(help: "Seconds without progress after which a rank ends the job; 0: never.")
    var watchdog = Watchdog.defaultSeconds

    @Flag(help: "The averaged parameters instead of the last ones.")
    var ema = false

    func validate() throws {
        guard watchdog >= 0 else { throw ValidationError("watchdog is \(watchdog), expected seconds, or 0 for none") }
        if let samples, samples < 1 { throw ValidationError("samples is \(samples), expected at least 1") }
        guard batch > 0 else { throw ValidationError("batch is \(batch), expected at least 1") }
    }

    func run() throws {
        try withJob(watchdog: watchdog) { communicator in
            let file = InputFile(input.model, .classifier)
            let files = try agreedFiles([file], communicator) { print($0) }
            _ = try communicator.leaderDecides {
                try Outputs.require(out, .predictions, inputs: [files[file]])
                return out
            }
            let (network, splits) = try input.open(
                files[file], of: files, products: products, writing: (folder(of: out), "output folder", "--out"),
                over: communicator)
            let predictions = try Predictions(
                network.classifier(for: splits.test, ema: ema, products: products), of: splits.test, samples: samples,
                batch: batch, over: communicator)
            guard communicator.rank == 0 else { return }
            let shortfall = Shortfall("--samples", samples, of: "test images", available: splits.test.count)
            if let shortfall { print(shortfall) }
            try createDirectory(folder(of: out))
            try predictions.write(to: out, model: name(of: files[file]))
            let count = predictions.labels.count, share = Double(predictions.correct) / Double(max(1, count))
            print("\(out): \(count) images, \(rounded(100 * share, 2)) % classified as their labels say")
        }
    }
}
