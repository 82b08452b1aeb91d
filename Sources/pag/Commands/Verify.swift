import ArgumentParser
import Failures
import Kernels
import Training

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay a training step that PyTorch has computed, and compare every tensor.")

    @Argument(help: "A golden file, safetensors.")
    var golden: String

    @Option(
        help: ArgumentHelp(
            "float32, or bfloat16: with factors of products rounded, as compute.products says. Then the cosine between "
                + "the gradient and the file's decides.", valueName: "precision"))
    var products = ProductPrecision.float32

    func run() throws {
        let replay = try GoldenStep(path: golden).replay(products: products)
        if products == .float32 { try compare(replay.comparisons) } else { try compareDirection(replay) }
    }

    private func compare(_ comparisons: [GoldenStep.Comparison]) throws {
        for comparison in comparisons {
            let verdict = comparison.agrees ? "ok    " : "DIFFERS"
            print("\(verdict) \(comparison.tensor) \(comparison.relativeError)")
        }
        let differing = comparisons.filter { !$0.agrees }
        guard let worst = differing.max(by: { $0.relativeError < $1.relativeError }) else {
            let largest = comparisons.map(\.relativeError).max() ?? 0
            return print("\(comparisons.count) tensors agree; largest relative error \(largest)")
        }
        throw Failure(
            .checkFailed,
            "\(golden): \(differing.count) of \(comparisons.count) tensors differ by more than "
                + "\(GoldenStep.tolerance); worst \(worst.tensor) with \(worst.relativeError)")
    }

    private func compareDirection(_ replay: GoldenStep.Replay) throws {
        for comparison in replay.comparisons { print("\(comparison.tensor) \(comparison.relativeError)") }
        guard let cosine = replay.gradientCosine else {
            throw Failure.badInput(golden, "no gradient expect.grad.* to compare with")
        }
        guard cosine >= GoldenStep.roundedCosine else {
            throw Failure(
                .checkFailed,
                "\(golden): the gradient's cosine with the file's is \(cosine), expected at least "
                    + "\(GoldenStep.roundedCosine)")
        }
        print("the gradient's cosine with the file's is \(cosine)")
    }
}
