/// How accuracies under attacks compare.
extension SanityChecks {
    /// - Parameter pgd: the accuracy under `pgd`.
    func attackChecks(_ subjects: CheckSubjects, pgd: Double) throws -> [RobustnessResult.Check] {
        let fgsm = try subjects.accuracy(under: FGSM())
        let noise = min(try subjects.accuracy(under: Noise(.uniform)), try subjects.accuracy(under: Noise(.gaussian)))
        let unbounded = try subjects.accuracy(under: PGD(), subjects.everything)
        // More of the same, on the images that it has left.
        let longer = try subjects.accuracy(under: PGD(name: "pgd, twice", steps: 2 * PGD().steps, restarts: 2))
        return [
            .init(name: "pgd-beats-fgsm", ok: isNone(pgd - fgsm), value: fgsm - pgd),
            .init(name: "pgd-beats-noise", ok: isNone(pgd - noise), value: noise - pgd),
            .init(name: "converged", ok: isNone(pgd - longer), value: pgd - longer),
            .init(name: "large-epsilon", ok: unbounded <= 0.05, value: unbounded),
        ]
    }

    /// Whether a search in another precision misses what one in the network's own finds; none where there is no other.
    func searchCheck(_ subjects: CheckSubjects) throws -> [RobustnessResult.Check] {
        let runner = subjects.runner
        guard runner.searched.products != runner.classifier.products else { return [] }
        var exact = runner
        exact.searched = runner.classifier
        let apgd = APGD(name: "apgd-ce", loss: .crossEntropy)
        func accuracy(_ runner: DistributedAttacks) throws -> Double {
            let stage = "check, \(apgd.name), \(runner.searched.products.rawValue)"
            return subjects.share(try runner.survivors(of: apgd, among: subjects.correct, stage: stage).flags)
        }
        let gap = try accuracy(runner) - accuracy(exact)
        return [.init(name: "search-precision", ok: isNone(gap), value: gap)]
    }

    /// Of a twin that nobody has defended, say; none where there is no surrogate.
    func surrogateChecks(_ subjects: CheckSubjects, pgd: Double) throws -> [RobustnessResult.Check] {
        let runner = subjects.runner
        guard let surrogate = runner.surrogate else { return [] }
        let transfer = try subjects.accuracy(under: Transfer())
        let twin = AttackContext(classifier: surrogate, threat: subjects.everything, seed: runner.seed)
        let left = subjects.share(
            try runner.samples.flags(stage: "check, twin", among: subjects.all) { batch in
                surrogate.misclassifies(PGD().perturb(batch, twin), batch.labels).map { !$0 }
            })
        return [
            .init(name: "pgd-beats-transfer", ok: isNone(pgd - transfer), value: transfer - pgd),
            .init(name: "twin-falls", ok: left <= 0.05, value: left),
        ]
    }

    /// None unless gradient attacks and `square` were run.
    func squareCheck(correct: [Bool], _ attacks: [RobustnessResult.AttackOutcome]) -> [RobustnessResult.Check] {
        let gradients = attacks.filter(\.usesGradients)
        guard let square = attacks.first(where: { $0.name == "square" }), !gradients.isEmpty else { return [] }
        let left = gradients.reduce(correct) { left, attack in zip(left, attack.survived).map { $0 && $1 } }
        let gained = Double(zip(left, square.survived).count { $0 && !$1 }) / Double(correct.count)
        return [.init(name: "square-gain", ok: gained <= 0.002, value: gained)]
    }
}
