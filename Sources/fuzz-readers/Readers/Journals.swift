import Autodiff
import Data
import Distributed
import Evaluation
import Failures
import Formats
import Glibc
import Kernels
import Models
import Perturbations

/// The first digits, labelled as a network sees them, so that it has something to lose.
struct LabelledDigits: Dataset {
    let base: any Dataset
    let labels: [Int]

    init(_ classifier: Classifier) throws {
        let digits = try DatasetRegistry.open("digits").test
        base = digits
        labels = (0..<2).map { index in
            classifier.predictions(digits.tensor(of: [index], in: MemoryPool()))[0] ?? 0
        }
    }

    var name: String { base.name }
    var shape: ImageShape { base.shape }
    var classNames: [String] { base.classNames }
    var range: ClosedRange<Scalar>? { base.range }
    var count: Int { labels.count }
    var fingerprint: String { base.fingerprint }
    func label(_ index: Int) -> Int { labels[index] }
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) { base.read(index, into: image) }
}

/// The state of an evaluation: the description and a stage's file, which the bytes of the input spell, for a file whose
/// checksum is wrong is refused before anything else is looked at.
func journal(_ network: TinyNetwork) throws -> FuzzedReader {
    let classifier = Classifier(network.state), images = try LabelledDigits(classifier)
    func evaluate(_ folder: Scratch) throws {
        var evaluation = RobustnessEvaluation(
            threat: ThreatModel(norm: .l2, epsilon: 100), attacks: [FGSM()], samples: 2, seed: 1)
        evaluation.checks = nil
        evaluation.journal = EvaluationJournal(directory: "\(folder.path)/state", model: "m", resumes: true)
        _ = try evaluation.run(classifier, on: images, over: SingleProcess())
    }
    let own = try Scratch()
    try evaluate(own)
    let description = try FileContents.read("\(own.path)/state/evaluation.json", limit: 1 << 20)
    let stage = "001-fgsm-all.safetensors"
    let identity = try SafetensorsFile(path: "\(own.path)/state/\(stage)").metadata["evaluation"] ?? ""
    return FuzzedReader(
        name: "journal", share: 150,
        seeds: [description, [2, 2, 3, 2, 2, 3, 0, 0, 4, 2, 8, 8, 1, 8, 0], [0, 0, 0, 4, 0, 8, 8, 1, 8, 0]],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        for name in (try? directoryEntries("\(folder.path)/state")) ?? [] { unlink("\(folder.path)/state/\(name)") }
        guard input.first != UInt8(ascii: "{") else {
            try folder.write(input, to: "state/evaluation.json")
            return try evaluate(folder)
        }
        try folder.write(description, to: "state/evaluation.json")
        var rest = input[...]
        func next() -> Int { Int(rest.popFirst() ?? 1) }
        func list() -> [Int64] { (0..<next() % 5).map { _ in Int64(next()) - 2 } }
        let samples = list(), pictured = list()
        let survived = samples.map { _ in UInt8(next() % 3) }
        let shape = (0..<next() % 6).map { _ in next() % 12 }
        let numbers = [Scalar](repeating: Scalar(next()) / 16, count: shape.reduce(1, *))
        let isBytes = next() % 8 == 7
        try SafetensorsWriter.write(
            to: "\(folder.path)/state/\(stage)", metadata: ["evaluation": identity, "seconds": "1"],
            tensors: [
                TensorToWrite(name: "samples", shape: [samples.count], values: samples),
                TensorToWrite(name: "survived", shape: [survived.count], values: survived),
                TensorToWrite(name: "pictured", shape: [pictured.count], values: pictured),
                isBytes
                    ? TensorToWrite(name: "images", shape: shape, values: numbers.map { _ in 1 as UInt8 })
                    : TensorToWrite(name: "images", shape: shape, values: numbers),
            ], checksum: true)
        try evaluate(folder)
    }
}
