import Configuration
import Failures
import Formats
import Studies
import Testing

@Suite struct StudyPlanTests {
    private static let text = """
        configuration: base.yaml
        set: [train.epochs=2]
        runs: out
        results: records
        preparations:
          - {name: denoiser, configuration: denoiser.yaml, set: [targets.draws=1]}
        evaluations:
          - {name: l2, attack: [apgd-ce, square], epsilon: 8/255, samples: 20}
          - {name: linf, norm: linf}
        rows:
          - {name: vanilla, set: [loss.kind=vanilla], seeds: [1, 2], evaluations: [linf]}
          - {name: scores, set: ["loss.alignment.targets={kind: file, path: $RUNS/denoiser/targets.safetensors}"]}
        """

    private func plan(_ text: String) throws -> StudyPlan {
        StudyPlan(try Configuration.read(Study.self, text: text, source: "study"))
    }

    @Test func firstSeedsOfAllRowsComeBeforeSecondSeeds() throws {
        #expect(
            try plan(Self.text).steps.map(\.name) == [
                "denoiser train", "denoiser targets", "vanilla-seed1 train", "vanilla-seed1 linf", "scores-seed1 train",
                "scores-seed1 l2", "scores-seed1 linf", "vanilla-seed2 train", "vanilla-seed2 linf",
            ])
    }

    @Test func aTrainingIsACommandWithTheOverridesOfStudyRowAndSeed() throws {
        let steps = try plan(Self.text).steps
        #expect(
            try steps[4].command() == [
                "train", "base.yaml", "--run-dir", "out/scores-seed1", "--set", "train.epochs=2", "--set",
                "loss.alignment.targets={kind: file, path: out/denoiser/targets.safetensors}", "--set", "seed=1",
            ])
        #expect(
            try steps[1].command() == [
                "targets", "denoiser.yaml", "--run-dir", "out/denoiser", "--out", "out/denoiser/targets.safetensors",
                "--set", "targets.draws=1",
            ])
    }

    @Test(arguments: [
        ("runs: out", "runs: \"\"", "runs"), ("name: linf", "name: l2", "given twice"),
        ("evaluations: [linf]", "evaluations: [l1]", "\"l1\""), ("name: vanilla", "name: ../vanilla", "plain name"),
        ("seeds: [1, 2]", "seeds: [1, 1]", "given twice"), ("name: scores", "name: denoiser", "given twice"),
        ("configuration: base.yaml\n", "", "configuration"),
    ])
    func whatCannotBeRunIsRefused(old: String, new: String, word: String) throws {
        let text = Self.text.replacing(old, with: new)
        let failure = #expect(throws: Failure.self) { try plan(text) }
        #expect(failure?.kind == .badInput)
        #expect(failure.map { "\($0)".contains(word) } == true, "\(failure.map { "\($0)" } ?? "")")
    }
}
