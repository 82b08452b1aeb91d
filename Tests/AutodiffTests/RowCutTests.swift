import Autodiff
import Kernels
import Synchronization
import Testing

/// Every yes of `Operation.onRows`: what it makes of some rows is what the operation makes of them among all others.
@Suite struct RowCutTests {
    /// One run of an operation.
    private struct Application: Sendable {
        let operation: any Operation
        let inputs: [Tensor]
        let result: Tensor

        var type: String { "\(Swift.type(of: operation))" }
    }

    /// All that run in a check's function and its gradients of first and second order, with and without a class axis.
    private func applications(_ check: OperationCheck) -> [Application] {
        let seen = Mutex<[Application]>([])
        let pool = MemoryPool(
            for: Execution { operation, inputs, result in
                seen.withLock { $0.append(Application(operation: operation, inputs: inputs, result: result)) }
            })
        let inputs = check.sample(in: pool).map(\.variable), output = check.function(inputs)
        for lead: Shape in [[], [2]] {
            let seed = random(lead + output.shape, salt: 40, in: pool)
            let first = gradients(of: output, seed: seed, with: inputs, recording: true)
            _ = gradients(
                of: innerProduct(zip(first, first).map { $0 * $1 }, random(like: first, salt: 50)), with: inputs)
        }
        return seen.withLock { $0 }
    }

    private func rows(_ tensor: Tensor, _ rows: Range<Int>, of batch: Int) -> Tensor {
        let part = tensor.shape[0] / batch
        return tensor.rows((rows.lowerBound * part)..<(rows.upperBound * part))
    }

    /// Takes each of an application's inputs for one that follows the batch, or not, in every combination. Returns the
    /// number of times that the operation agreed.
    private func check(_ application: Application) -> Int {
        let (inputs, result) = (application.inputs, application.result)
        var agreed = 0
        guard let extent = result.shape.extents.first else { return 0 }
        for batch in 2...max(2, extent) where extent % batch == 0 {
            let cuttable = inputs.map { $0.shape.rank > 0 && $0.shape[0] % batch == 0 }
            for choice in 1..<(1 << inputs.count) {
                let following = inputs.indices.map { choice >> $0 & 1 == 1 }
                guard zip(following, cuttable).allSatisfy({ !$0 || $1 }) else { continue }
                for range in [0..<1, 1..<batch, (batch - 1)..<batch] {
                    let cut = RowCut(
                        range, of: batch, inputs: inputs.map(\.shape), following: following, output: result.shape)
                    guard let operation = application.operation.onRows(cut) else { continue }
                    agreed += 1
                    let operands = zip(inputs, following).map { $1 ? rows($0, range, of: batch) : $0 }
                    expectAgreement(
                        operation.forward(operands), rows(result, range, of: batch),
                        "\(application.type) of \(inputs.map(\.shape)), rows \(range) of \(batch), \(following)")
                }
            }
        }
        return agreed
    }

    @Test func rowsOfEveryOperationAreAsTheOperationSays() {
        var agreed: [String: Int] = [:]
        for check in OperationCatalogue.all {
            for application in applications(check) { agreed[application.type, default: 0] += self.check(application) }
        }
        // Those that sum over all images; every other one has rows somewhere.
        let mixing: Set = ["LinearWeightGradient", "ConvolutionWeightGradient", "DepthwiseWeightGradient"]
        for (type, count) in agreed { #expect((count > 0) != mixing.contains(type), "\(type): \(count)") }
        let unseen = Set(OperationCatalogue.all.flatMap(\.covers)).subtracting(agreed.keys)
        #expect(unseen.isEmpty)
    }

    /// Gradients through the graph of some rows, against those through the whole graph: the rows of the first, and, for
    /// inputs that are the same for all rows, the sum over the rows of the second.
    @Test(arguments: OperationCatalogue.all)
    func gradientsOfRowsAreRowsOfGradients(_ check: OperationCheck) {
        let shapes = check.inputs
        let largest = shapes.compactMap(\.extents.first).max() ?? 0
        for batch in 2...max(2, largest) {
            for choice in 1..<(1 << shapes.count) {
                let following = shapes.indices.map { choice >> $0 & 1 == 1 }
                let areCuttable = zip(shapes, following).allSatisfy { shape, follows in
                    !follows || (shape.extents.first ?? 1) % batch == 0
                }
                if areCuttable { compare(check, following, batch: batch) }
            }
        }
    }

    private func compare(_ check: OperationCheck, _ following: [Bool], batch count: Int) {
        let pool = MemoryPool(), sample = check.sample(in: pool)
        // All that follows the batch is cut out of one variable, so that it does.
        let widths = zip(sample, following).map { $1 ? $0.shape.count / count : 0 }
        let width = widths.reduce(0, +)
        let batch = Tensor([count, width], in: pool) { out in
            for row in 0..<count {
                var to = out + row * width
                for (tensor, width) in zip(sample, widths) {
                    to.update(from: tensor.pointer + row * width, count: width)
                    to += width
                }
            }
        }.variable
        var start = 0
        let inputs = zip(sample, widths).map { tensor, width in
            defer { start += width }
            return width == 0
                ? tensor.variable : batch.sliced(start..<(start + width), axis: -1).reshaped(tensor.shape)
        }
        let output = check.function(inputs)
        guard RowGraph(0..<1, of: output, from: batch) != nil else { return }
        let others = zip(inputs, following).filter { !$1 }.map(\.0)
        let seed = random(output.shape, salt: 60, in: pool), weights = random(batch.shape, salt: 61, in: pool)
        func squares(_ gradient: Tensor, _ weights: Tensor) -> Tensor { (gradient * gradient * weights).total() }

        let first = gradients(of: output, seed: seed, with: [batch], recording: true, statistics: .frozen)[0]
        let second = gradients(of: squares(first, weights), with: [batch] + others)
        var sums: [Tensor]?
        for range in [0..<1, 1..<count] {
            guard let graph = RowGraph(range, of: output, from: batch) else {
                Issue.record("\(check.name): rows 0..<1 of \(count) can be cut out, and \(range) cannot")
                return
            }
            expectAgreement(graph.output, rows(output, range, of: count))
            let part = gradients(
                of: graph.output, seed: rows(seed, range, of: count), with: [graph.batch], recording: true,
                statistics: .frozen)[0]
            expectAgreement(part, first.rows(range), "\(check.name) of \(check.inputs), rows \(range) of \(count)")
            let parts = gradients(of: squares(part, weights.rows(range)), with: [graph.batch] + others)
            expectAgreement(parts[0], second[0].rows(range))
            sums = sums.map { zip($0, parts.dropFirst()).map { $0 + $1 } } ?? Array(parts.dropFirst())
        }
        expectAgreement(sums ?? [], Array(second.dropFirst()))
    }
}
