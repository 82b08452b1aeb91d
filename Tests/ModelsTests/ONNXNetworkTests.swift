import Autodiff
import Checkpoints
import Failures
import Formats
import Foundation
import Kernels
import Models
import ONNX
import TestSupport
import Testing

/// Networks that PyTorch exported (Tests/Peer/golden_onnx.py), against what PyTorch says of them in float64.
@Suite struct ONNXNetworkTests {
    private static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Networks/\(name)").path
    }

    private static func model(_ path: String, classes: Int = 4) throws -> Model {
        var configuration = ModelConfiguration(), network = ONNXNetwork()
        network.path = path
        configuration.architecture = network
        return try configuration.model(input: [8, 8, 3], classes: classes)
    }

    /// One network with its numbers, and what PyTorch says.
    private struct Case {
        let state: ModelState
        let file: SafetensorsFile
        let pool = MemoryPool()

        /// - Parameter network: the file of the network, `name`'s own by default.
        init(_ name: String, network: String? = nil) throws {
            state = ModelState(initialising: try model(path("\(network ?? name).onnx")), seed: 0, in: pool)
            file = try SafetensorsFile(path: path("\(name).safetensors"))
        }

        func tensor(_ name: String) throws -> Tensor {
            let entry = try #require(file.entry(name))
            let values: [Scalar] = try file.values(of: name, shape: entry.shape)
            return Tensor(Shape(entry.shape), values, in: pool)
        }

        var labels: [Int] {
            get throws {
                let entry = try #require(file.entry("y"))
                let values: [Int64] = try file.values(of: "y", shape: entry.shape)
                return values.map { Int($0) }
            }
        }
    }

    private func expectClose(_ a: [Scalar], _ b: [Scalar], _ tolerance: Scalar, _ name: String) {
        #expect(a.count == b.count)
        let size = b.map(\.magnitude).max() ?? 0, distance = zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0
        #expect(distance <= tolerance * max(size, 1e-3), "\(name): \(distance) of \(size)")
    }

    @Test(arguments: ["convolutions", "attention", "activations", "shapes"])
    func equalsPyTorch(name: String) throws {
        let test = try Case(name), state = test.state, x = try test.tensor("x"), labels = try test.labels
        let classes = state.model.classes
        // Logits, and the input gradient of the cross-entropy.
        var context = state.context(.inference)
        let oneHot = Tensor(
            [labels.count, classes], labels.flatMap { label in (0..<classes).map { $0 == label ? 1 : 0 } },
            in: test.pool)
        let found = state.inputGradient(of: x, in: &context, of: { $0.logSoftmax() }, cotangent: { _ in -oneHot })
        expectClose(
            state.model.logitsOf(x, state), try test.tensor("logits").array, 1e-5, "\(name): logits")
        expectClose(found.gradient.array, try test.tensor("input_gradient").array, 1e-4, "\(name): input gradient")

        // The aligned loss in the parameters.
        let parameters = state.tensors(of: state.parameters).map(\.variable), images = x.variable
        var recorded = state.context(.inference, parameters: parameters)
        let logits = state.model(images, &recorded)
        let seeds = Tensor(
            [classes, labels.count, classes],
            (0..<classes).flatMap { t in labels.flatMap { _ in (0..<classes).map { $0 == t ? 1 : 0 } } }, in: test.pool)
        let gradient = gradients(of: logits, seed: seeds, with: [images], recording: true)[0]
        let targets = try test.tensor("g")
        func products(_ a: Tensor, _ b: Tensor) -> Tensor { (a * b).sum(-3, -2, -1) }
        let cosine =
            products(gradient, targets)
            / (products(gradient, gradient).squareRoot() * products(targets, targets).squareRoot())
        let entropy = -((logits.logSoftmax() * oneHot).total()) * (1 / Scalar(labels.count))
        let distance = (-cosine + 1).total() * (1 / Scalar(classes * labels.count))
        let all = gradients(of: entropy + distance * 0.5, with: parameters)
        var compared = 0
        for (declaration, gradient) in zip(state.model.parameters, all) {
            guard test.file.entry("gradient.\(declaration.name)") != nil else { continue }
            compared += 1
            expectClose(
                ParameterFiles.reordered(gradient, declaration.layout),
                try test.tensor("gradient.\(declaration.name)").array, 1e-3, "\(name): \(declaration.name)")
        }
        #expect(compared == test.file.entries.count { $0.name.hasPrefix("gradient.") })
    }

    /// Files that fix the number of images take any number of them.
    @Test(arguments: ["attention", "shapes"], [1, 3])
    func takesAnyNumberOfImages(name: String, fixed: Int) throws {
        let test = try Case(name, network: "\(name)-of-\(fixed)"), state = test.state
        let x = try test.tensor("x"), expected = try test.tensor("logits").array
        expectClose(state.model.logitsOf(x, state), expected, 1e-5, "\(name) of \(fixed)")
    }

    /// What a checkpoint keeps of the file is enough to build the network again.
    @Test(arguments: ["convolutions", "attention", "activations", "shapes"])
    func isBuiltAgainOfItsStructure(name: String) throws {
        let test = try Case(name), x = try test.tensor("x")
        let structure = try #require(test.state.model.structure)
        #expect(structure.count < (try Data(contentsOf: URL(fileURLWithPath: Self.path("\(name).onnx"))).count))
        var configuration = ModelConfiguration()
        configuration.architecture = ONNXNetwork().restored(from: structure)
        let model = try configuration.model(input: [8, 8, 3], classes: 4)
        #expect(model.parameters.map(\.name) == test.state.model.parameters.map(\.name))
        #expect(model.statistics.map(\.meanName) == test.state.model.statistics.map(\.meanName))
        let state = ModelState(model, in: test.pool)
        state.parameters.pointer.update(from: test.state.parameters.pointer, count: state.parameters.count)
        state.statistics.pointer.update(from: test.state.statistics.pointer, count: state.statistics.count)
        #expect(model.logitsOf(x, state) == test.state.model.logitsOf(x, test.state))
    }

    /// What the network says of an image does not depend on those beside it.
    @Test(arguments: ["convolutions", "attention", "activations", "shapes"])
    func imagesStandAlone(name: String) throws {
        let test = try Case(name), x = try test.tensor("x"), all = test.state.model.logitsOf(x, test.state)
        let classes = test.state.model.classes
        for image in 0..<x.shape[0] {
            let alone = test.state.model.logitsOf(x.rows(image..<(image + 1)), test.state)
            #expect(alone == Array(all[(image * classes)..<((image + 1) * classes)]), "\(name): image \(image)")
        }
    }

    @Test func whatDoesNotFitIsNamed() throws {
        let path = Self.path("convolutions.onnx")
        let classes = failure { _ = try Self.model(path, classes: 7) }
        #expect(classes?.kind == .badInput && classes?.description.contains("expected 7 logits") == true)
        var configuration = ModelConfiguration(), network = ONNXNetwork()
        network.path = path
        configuration.architecture = network
        let images = failure { _ = try configuration.model(input: [8, 9, 3], classes: 4) }
        #expect(images?.description.contains("images [?, 3, 8, 9]") == true, "\(String(describing: images))")
    }
}

extension Model {
    fileprivate func logitsOf(_ x: Tensor, _ state: ModelState) -> [Scalar] {
        var context = state.context(.inference)
        return self(x, &context).array
    }
}
