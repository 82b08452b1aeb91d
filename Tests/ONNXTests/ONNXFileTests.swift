import Failures
import Foundation
import ONNX
import TestSupport
import Testing

/// ONNX files as other programs write them, damaged ones, and ones that claim what is not so.
@Suite struct ONNXFileTests {
    private static func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Networks/\(name)").path
    }

    @Test func whatPyTorchExportsIsRead() throws {
        let file = try ONNXFile(path: Self.path("exported.onnx")), graph = file.graph
        #expect(file.producer.hasPrefix("pytorch 2") && file.operatorSet == 20)
        #expect(graph.nodes.map(\.operation) == ["Conv", "Relu", "ReduceMean", "Reshape", "Gemm"])
        #expect(graph.inputs.map(\.name) == ["image"] && graph.inputs[0].shape == [nil, 1, 8, 8])
        #expect(graph.inputs[0].element == .float32)
        #expect(graph.outputs.map(\.name) == ["logits"])
        #expect(graph.constants["0.weight"]?.shape == [2, 1, 3, 3] && graph.constants["5.weight"]?.count == 6)
        #expect(graph.constants.values.allSatisfy { !$0.isExternal })
        guard case .integers([1, 1, 1, 1])? = graph.nodes[0].attributes["pads"] else {
            Issue.record("pads are \(String(describing: graph.nodes[0].attributes["pads"]))")
            return
        }
    }

    /// What a network keeps in files beside it is a part of it.
    @Test func filesBesideANetworkAreNamed() throws {
        let file = try ONNXFile(path: Self.path("external.onnx"))
        #expect(try file.externalFiles() == ["bias", "weight"].map { Self.path("external.\($0)") })
        #expect(try file.floats(of: try #require(file.graph.constants["weight"])) == [0, 1, 2, 3, 4, 5, 6, 7])
        #expect(try ONNXFile(path: Self.path("exported.onnx")).externalFiles().isEmpty)
    }

    @Test func allWaysToStoreNumbersAreRead() throws {
        let graph = try ONNXFile(path: Self.path("typed.onnx")).graph
        let types = graph.constants.mapValues(\.element)
        #expect(types["listed"] == .float32 && types["doubles"] == .float64 && types["halves"] == .float16)
        #expect(types["axes"] == .int64 && types["raw"] == .int32)
        #expect(graph.constants["listed"]?.shape == [2, 3] && graph.constants["raw"]?.shape == [2, 2])
        #expect(graph.nodes.map(\.name) == ["multiply", "", "clip", ""])
        #expect(graph.nodes[2].inputs == ["product", "", ""])
        let made = graph.nodes[3]
        #expect(made.domain == "elsewhere" && made.attributes.count == 6)
        guard case .float(1.5)? = made.attributes["f"], case .integer(-7)? = made.attributes["i"],
            case .text("text")? = made.attributes["s"], case .floats([1, 2])? = made.attributes["floats"],
            case .integers([3, 4])? = made.attributes["ints"], case .tensor(let tensor)? = made.attributes["t"]
        else {
            Issue.record("\(made.attributes)")
            return
        }
        #expect(tensor.shape == [3])
    }

    /// Reads bytes as a file; nil where they are taken.
    private func refusal(_ bytes: [UInt8]) throws -> Failure? {
        let folder = TemporaryDirectory(), path = folder.file("network.onnx")
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            _ = try ONNXFile(path: path)
            return nil
        } catch let failure as Failure {
            #expect(failure.kind == .badInput && failure.description.hasPrefix(path), "\(failure)")
            return failure
        }
    }

    @Test func whatIsCutOffOrChangedIsTakenOrRefused() throws {
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.path("typed.onnx"))))
        #expect(try refusal(whole) == nil)
        for count in 0..<whole.count where count % 3 == 0 { _ = try refusal(Array(whole.prefix(count))) }
        for place in whole.indices where place % 5 == 0 {
            for value in [0, 0x7f, 0xff] as [UInt8] {
                var changed = whole
                changed[place] = value
                _ = try refusal(changed)
            }
        }
    }

    // MARK: Made-up files

    private func varint(_ value: UInt64) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f) | 0x80] + varint(value >> 7)
    }
    private func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }
    private func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    private func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

    private func network(_ graph: [UInt8], version: UInt64 = 17) -> [UInt8] {
        field(1, 8) + field(2, "tests") + field(7, graph) + field(8, field(1, "") + field(2, version))
    }
    private func node(_ operation: String, _ inputs: [String], _ outputs: [String], _ more: [UInt8] = []) -> [UInt8] {
        field(1, inputs.flatMap { field(1, $0) } + outputs.flatMap { field(2, $0) } + field(4, operation) + more)
    }
    private let input: [UInt8] = [0x5a, 3, 0x0a, 1, 0x78]
    private func output(_ name: String) -> [UInt8] { field(12, field(1, name)) }

    private func expectRefused(_ bytes: [UInt8], _ words: String) throws {
        let text = try refusal(bytes)?.description
        #expect(text?.contains(words) == true, "\(text ?? "taken") instead of: \(words)")
    }

    @Test func whatCannotBeCarriedOutIsNamed() throws {
        #expect(try refusal(network(input + node("Relu", ["x"], ["y"]) + output("y"))) == nil)
        try expectRefused(network(input + node("Relu", ["w"], ["y"]) + output("y")), #"node "Relu" "" takes "w""#)
        let cycle = node("Add", ["x", "b"], ["a"]) + node("Relu", ["a"], ["b"])
        try expectRefused(network(input + cycle + output("b")), #"takes "b", which nothing before it makes"#)
        try expectRefused(network(input + node("Relu", ["x"], ["x"])), #"makes "x", which is there before"#)
        try expectRefused(network(input + output("y")), #"nothing makes its output "y""#)
        let branch = field(5, field(1, "then_branch") + field(6, field(2, "g")))
        try expectRefused(network(input + node("If", ["x"], ["y"], branch)), #"node "If" "": is control flow"#)
        try expectRefused(network(input, version: 3), "version 3 of ONNX's operators, expected 7 to 24")
        try expectRefused(network(input + field(15, [])), "sparse")
        try expectRefused(network(input) + field(25, []), "functions")
        try expectRefused(field(1, 8) + field(2, "tests"), "there is no graph")
    }

    @Test func claimsAreChecked() throws {
        func constant(_ dimensions: [UInt64], _ more: [UInt8], type: UInt64 = 1) -> [UInt8] {
            network(field(5, dimensions.flatMap { field(1, $0) } + field(2, type) + field(8, "c") + more))
        }
        #expect(try refusal(constant([2], field(9, [UInt8](repeating: 0, count: 8)))) == nil)
        try expectRefused(constant([1 << 31, 1 << 31], field(9, [0, 0, 0, 0])), "claims")
        try expectRefused(constant([1 << 40, 1 << 40], field(9, [0, 0, 0, 0])), "has the shape")
        try expectRefused(constant([.max], []), "has the shape [-1]")
        try expectRefused(constant([3], field(9, [UInt8](repeating: 0, count: 8))), "claims 3 numbers, but has 8 bytes")
        try expectRefused(constant([3], field(4, [0, 0, 0, 0])), "claims 3 numbers, but has 1 numbers")
        try expectRefused(constant([1], [], type: 8), "element type 8")
        try expectRefused(constant(Array(repeating: 1, count: 40), []), "more than 16 axes")
        try expectRefused([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0], "bytes, of which 1 are there")
        try expectRefused([0x0a] + [UInt8](repeating: 0xff, count: 12), "more than 64 bits")
        try expectRefused([0x0b, 0, 0], "wire type 3")
    }
}
