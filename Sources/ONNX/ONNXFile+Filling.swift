import Failures

extension ONNXFile {
    /// Numbers of a constant, row by row.
    public struct Numbers {
        let shape: [Int]
        let values: [Float]
        public init(shape: [Int], values: [Float]) {
            self.shape = shape
            self.values = values
        }
    }

    /// What images in [0, 1] go through first: (x - mean) * scale, one of each a channel, channels first.
    public struct Entrance {
        let mean, scale: [Float]
        public init(mean: [Float], scale: [Float]) {
            self.mean = mean
            self.scale = scale
        }
    }

    /// The file with other numbers for its constants of these names. A name `OUTPUT.weight`, `.bias`, `.running_mean` or
    /// `.running_var` means what the BatchNormalization that makes OUTPUT is to read instead of what it shares with
    /// others. Throws `usage` for names that are neither: what a file computes of its constants has no place in it.
    public func bytes(with numbers: [String: Numbers], entrance: Entrance?) throws -> [UInt8] {
        try withMessage { try $0.model(with: numbers, entrance: entrance, input: graph.inputs[0].name) }
    }
}

private let roles = ["weight", "bias", "running_mean", "running_var"]

extension ProtocolBuffer {
    fileprivate func model(
        with numbers: [String: ONNXFile.Numbers], entrance: ONNXFile.Entrance?, input: String
    ) throws -> [UInt8] {
        var model = self, out = ProtocolBufferWriter()
        while let field = try model.next() {
            if field.number == 7 {
                out.bytes(7, try field.message(place).graph(with: numbers, entrance: entrance, input: input))
            } else {
                out.copy(field)
            }
        }
        return out.bytes
    }

    private func graph(
        with numbers: [String: ONNXFile.Numbers], entrance: ONNXFile.Entrance?, input: String
    ) throws -> [UInt8] {
        var graph = self, out = ProtocolBufferWriter(), left = numbers
        if let entrance { entrance.nodes(to: input).forEach { out.bytes(1, $0) } }
        while let field = try graph.next() {
            switch field.number {
            case 1: out.bytes(1, try field.message(place).node { left[$0] != nil })
            case 5:
                let (name, whole) = try field.message(place).namedTensor()
                let given = left.removeValue(forKey: name)
                out.bytes(5, given.map { ONNXGraphWriter.tensor(name, $0.shape, $0.values) } ?? whole)
            case 11 where entrance != nil: out.bytes(11, try field.message(place).renamed(entrance?.name(input) ?? ""))
            default: out.copy(field)
            }
        }
        for (name, given) in left.sorted(by: { $0.key < $1.key }) {
            guard roles.contains(where: { name.hasSuffix(".\($0)") }) else {
                throw Failure(
                    .usage,
                    "\(place): \(name.debugDescription.prefix(80)) is computed in the file, so it has no place for it")
            }
            out.bytes(5, ONNXGraphWriter.tensor(name, given.shape, given.values))
        }
        return out.bytes
    }

    /// The node, a BatchNormalization with its own numbers where there are any.
    private func node(hasOwn: (String) -> Bool) throws -> [UInt8] {
        var node = self, inputs: [Field] = [], operation = "", output = "", rest: [Field] = []
        while let field = try node.next() {
            if field.number == 1 { inputs.append(field) } else { rest.append(field) }
            if field.number == 4 { operation = try field.text(place) }
            if field.number == 2, output.isEmpty { output = try field.text(place) }
        }
        var out = ProtocolBufferWriter()
        for (index, input) in inputs.enumerated() {
            let own = (1...4).contains(index) ? "\(output).\(roles[index - 1])" : ""
            if operation == "BatchNormalization", hasOwn(own) { out.bytes(1, own.utf8) } else { out.copy(input) }
        }
        rest.forEach { out.copy($0) }
        return out.bytes
    }

    private func namedTensor() throws -> (name: String, whole: [UInt8]) {
        var tensor = self, whole = ProtocolBufferWriter(), name = ""
        while let field = try tensor.next() {
            if field.number == 8 { name = try field.text(place) }
            whole.copy(field)
        }
        return (name, whole.bytes)
    }

    private func renamed(_ name: String) throws -> [UInt8] {
        var value = self, out = ProtocolBufferWriter()
        out.bytes(1, name.utf8)
        while let field = try value.next() {
            if field.number != 1 { out.copy(field) }
        }
        return out.bytes
    }
}

extension ONNXFile.Entrance {
    /// What images are called before they go through.
    fileprivate func name(_ input: String) -> String { "\(input) in [0, 1]" }

    fileprivate func nodes(to input: String) -> [[UInt8]] {
        let shape = [mean.count, 1, 1]
        var writer = ONNXGraphWriter()
        let mean = writer.constantNode(shape, self.mean, output: "\(input) mean")
        let scale = writer.constantNode(shape, self.scale, output: "\(input) scale")
        let centred = writer.node("Sub", [name(input), mean], output: "\(input) centred")
        _ = writer.node("Mul", [centred, scale], output: input)
        return writer.nodes
    }
}
