import ArgumentParser
import Failures
import Training

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay a training step that PyTorch has computed, and compare every tensor.")

    @Argument(help: "A golden file, safetensors.")
    var golden: String

    func run() throws {
        let comparisons = try GoldenStep(path: golden).replay()
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
}
