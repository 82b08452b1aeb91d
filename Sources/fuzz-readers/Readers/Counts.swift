import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Models

/// What a certification has counted so far, of its certificates and of an attack on them.
func counts(_ network: TinyNetwork) throws -> FuzzedReader {
    let classifier = Classifier(network.state), images = try LabelledDigits(classifier)
    var certification = SmoothingCertification(
        try SmoothingSettings(sigma: 0.1, draws: 12, selectionDraws: 2, alpha: 0.1, seed: 1))
    certification.attack = try SmoothingAttack(steps: 1, draws: 1)
    func certify(_ folder: Scratch) throws {
        certification.journal = EvaluationJournal(directory: "\(folder.path)/state", model: "m", resumes: false)
        _ = try certification.run(classifier, on: images, over: SingleProcess())
    }
    let own = try Scratch(), files = ["rank-0.counts", "attack-1-1/rank-0.counts"]
    try certify(own)
    let seeds = try files.map { try FileContents.read("\(own.path)/state/\($0)", limit: 1 << 20) }
    return FuzzedReader(
        name: "counts", share: 400, seeds: seeds,
        mutation: Mutation(
            structure: .text, words: ["0 12 0 0 0 0 0 0 0 0 0 12\n", "-1 ", "9223372036854775807 ", "\n\n", " "])
    ) { input, folder in
        for file in files {
            unlink("\(folder.path)/state/\(file)")
            try folder.write(input, to: "state/\(file)")
        }
        try certify(folder)
    }
}
