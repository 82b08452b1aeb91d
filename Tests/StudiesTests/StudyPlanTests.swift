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
                "vanilla-seed1 train", "vanilla-seed1 linf", "denoiser train", "denoiser targets", "scores-seed1 train",
                "scores-seed1 l2", "scores-seed1 linf", "vanilla-seed2 train", "vanilla-seed2 linf",
            ])
    }

    @Test func rowsThatAreWantedAndWhatTheyReadAreAllThatIsDone() throws {
        let text = Self.text.replacing("out", with: "/tmp/of-no-study")
        #expect(try plan(text).next(of: ["scores"])?.name == "denoiser train")
        #expect(try plan(text).next(of: ["vanilla"])?.name == "vanilla-seed1 train")
        #expect(try plan(text).next(of: ["vanilla-seed2"])?.name == "vanilla-seed2 train")
        #expect(try plan(text).next(of: ["vanilla"], skipping: ["vanilla-seed1 train"])?.name == "vanilla-seed2 train")
        #expect(
            try plan(text).next(of: ["vanilla"], skipping: ["vanilla-seed1 train", "vanilla-seed2 train"]) == nil)
        #expect(try plan(text).next(of: ["denoiser"])?.name == "denoiser train")
        // A training that reads a preparation makes it wanted, and waits for it.
        #expect(try plan(text).next(of: ["scores"], skipping: ["denoiser train"]) == nil)
        #expect(throws: Failure.self) { try plan(text).next(of: ["vanilla", ""]) }
        #expect(throws: Failure.self) { try plan(text).next(of: ["vanilla-seed3"]) }
    }

    @Test func whatReadsThePreparationsFilesWaitsForThem() throws {
        let text = Self.text.replacing(
            "rows:",
            with: """
                alignments:
                  - {name: scores-of, targets: $RUNS/denoiser/targets.safetensors, samples: 20}
                rows:
                """)
        let all = try plan(text)
        #expect(
            all.steps.map(\.name) == [
                "vanilla-seed1 train", "vanilla-seed1 linf", "denoiser train", "denoiser targets",
                "vanilla-seed1 scores-of", "scores-seed1 train", "scores-seed1 l2", "scores-seed1 linf",
                "scores-seed1 scores-of", "vanilla-seed2 train", "vanilla-seed2 linf", "vanilla-seed2 scores-of",
            ])
        #expect(
            try all.steps[4].command() == [
                "alignment", "out/vanilla-seed1", "--targets", "out/denoiser/targets.safetensors", "--samples", "20",
                "--norm", "l2", "--epsilon", "0.5", "--out", "out/vanilla-seed1/scores-of.alignment.json",
            ])
        // Where no training reads them they come last.
        let withoutScores = text.split(separator: "\n").dropLast().joined(separator: "\n")
        #expect(
            try plan(withoutScores).steps.map(\.name).suffix(4) == [
                "denoiser train", "denoiser targets", "vanilla-seed1 scores-of", "vanilla-seed2 scores-of",
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
            try steps[3].command() == [
                "targets", "denoiser.yaml", "--run-dir", "out/denoiser", "--out", "out/denoiser/targets.safetensors",
                "--set", "targets.draws=1",
            ])
    }

    @Test(arguments: [
        ("runs: out", "runs: \"\"", "runs"), ("name: linf", "name: l2", "given twice"),
        ("evaluations: [linf]", "evaluations: [l1]", "\"l1\""), ("name: vanilla", "name: ../vanilla", "plain name"),
        ("seeds: [1, 2]", "seeds: [1, 1]", "given twice"), ("name: scores", "name: denoiser", "given twice"),
        ("configuration: base.yaml\n", "", "configuration"),
        ("seeds: [1, 2]", "samples: 0", "samples"),
        ("rows:\n", "alignments: [{name: l2, targets: file}]\nrows:\n", "given twice"),
    ])
    func whatCannotBeRunIsRefused(old: String, new: String, word: String) throws {
        let text = Self.text.replacing(old, with: new)
        let failure = #expect(throws: Failure.self) { try plan(text) }
        #expect(failure?.kind == .badInput)
        #expect(failure.map { "\($0)".contains(word) } == true, "\(failure.map { "\($0)" } ?? "")")
    }
}
