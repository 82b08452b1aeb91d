import Checkpoints
import Formats
import Foundation
import TestSupport
import Testing

/// A checkpoint's averaged parameters beside its last ones.
@Suite struct AverageTests {
    private func file(average: Float?) throws -> SafetensorsFile {
        let folder = TemporaryDirectory(), path = folder.file("average.safetensors")
        var tensors = [TensorToWrite(name: "weight", shape: [1], values: [1] as [Float])]
        if let average { tensors.append(TensorToWrite(name: "ema.weight", shape: [1], values: [average])) }
        try SafetensorsWriter.write(to: path, metadata: [:], tensors: tensors, checksum: true)
        return try SafetensorsFile(path: path)
    }

    @Test func theHashSaysWhatItsUserDependsOn() throws {
        let (none, one, two) = (try file(average: nil), try file(average: 1), try file(average: 2))
        #expect(!ParameterFiles.hasAverage(none) && ParameterFiles.hasAverage(one))
        let hash = try ParameterFiles.parameterHash(of: none)
        #expect(try ParameterFiles.parameterHash(of: one) == hash && ParameterFiles.parameterHash(of: two) == hash)
        #expect(try ParameterFiles.parameterHash(of: none, withAverage: true) == hash)
        #expect(
            try ParameterFiles.parameterHash(of: one, withAverage: true)
                != ParameterFiles.parameterHash(of: two, withAverage: true))
    }
}
