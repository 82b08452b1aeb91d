import Autodiff
import Formats
import Glibc
import Kernels
import Models
import Perturbations
import Randomness

/// The Square attack (Andriushchenko, Croce, Flammarion, Hein 2020) as AutoAttack's standard version runs it: a random
/// search that changes squares of the image and keeps what lowers the margin. It sees logits and no gradients.
///
/// The squares and signs belong to the image. AutoAttack's l-infinity version shares them among all images of a batch,
/// which makes the result depend on how images fall into batches.
public struct Square: Attack {
    public var name: String
    /// Images that are tried after the first.
    public var queries: Int
    /// Runs with other random squares.
    public var restarts: Int

    /// AutoAttack's numbers unless others are given.
    public init(name: String = "square", queries: Int = 5000, restarts: Int = 1) {
        precondition(queries > 0 && restarts > 0, "Square: \(queries) queries, \(restarts) restarts")
        self.name = name
        self.queries = queries
        self.restarts = restarts
    }

    public let norms = ThreatModel.Norm.proper
    public var source: AttackSource { .outputs }
    public var settings: [JSONValue.Member] {
        [.init("queries", JSONValue(queries)), .init("restarts", JSONValue(restarts))]
    }

    public func validate(_ problem: AttackProblem) throws {
        try AttackLoss.margin.validate(classes: problem.classes, targeted: false)
    }

    public func passes(_ problem: AttackProblem) -> Int { restarts * (queries + 2) }

    public func perturb(_ batch: AttackBatch, _ context: AttackContext) -> Tensor {
        context.firstSuccess(of: restarts, on: batch) { run, _, part in search(part, run: run, context) }
    }

    /// The share of the image that a square covers: it falls from 0.8 at fixed numbers of queries, which are
    /// AutoAttack's for 10,000 whatever the budget is.
    static func share(query: Int) -> Double {
        let thresholds = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]
        return 0.8 / pow(2, Double(thresholds.count { query > $0 }))
    }

    /// The first misclassified image, else the one of the least margin.
    private func search(_ batch: AttackBatch, run: Int, _ context: AttackContext) -> Tensor {
        let size = batch.imageCount, shape = batch.images.shape
        let squares = RandomSquares(
            height: shape[1], width: shape[2], channels: shape[3], threat: context.threat)
        return Tensor(shape, in: batch.images.pool) { best in
            var streams = batch.indices.map { context.stream(name, run: run, sample: $0) }
            var margins = [Double](repeating: .infinity, count: batch.count)
            var rows = Array(0..<batch.count)
            for query in -1..<queries where !rows.isEmpty {
                let candidates = Tensor([rows.count] + shape.dropFirst(), in: batch.images.pool) { out in
                    for (place, row) in rows.enumerated() {
                        let image = out + place * size, original = batch.image(row)
                        if query < 0 {
                            squares.start(image, original: original, &streams[row])
                        } else {
                            squares.propose(
                                image, from: Source(best + row * size), original: original,
                                share: Self.share(query: query), &streams[row])
                        }
                        context.threat.project(size, image, original: original)
                    }
                }
                let logits = context.classifier.logits(candidates)
                defer { withExtendedLifetime((candidates, logits)) {} }
                let labels = rows.map { batch.labels[$0] }
                let seemsBroken = zip(Classifier.predictions(fromLogits: logits), labels).map { $0 != $1 }
                let isBroken = context.confirmed(seemsBroken, candidates, labels)
                let classes = logits.shape[-1]
                context.stepDone()
                for (place, row) in rows.enumerated() {
                    let z = (0..<classes).map { Double(logits.pointer[place * classes + $0]) }
                    let margin = -AttackLoss.margin.evaluate(z, label: batch.labels[row]).value
                    guard
                        query < 0 || isBroken[place] || margin < margins[row] || margin <= 0 && !seemsBroken[place]
                    else { continue }
                    margins[row] = margin
                    (best + row * size).update(from: candidates.pointer + place * size, count: size)
                }
                rows = zip(rows, isBroken).filter { !$1 }.map(\.0)
            }
        }
    }
}
