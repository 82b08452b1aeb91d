import Configuration
import Failures
import Testing
import Training

/// What the `loss` section means, by the words that users write.
@Suite struct LossConfigurationTests {
    func loss(_ text: String) throws -> LossConfiguration {
        let run: RunConfiguration = try Configuration.read(text: "loss: \(text)", source: "test")
        return run.loss
    }

    @Test(arguments: [
        ("{}", 1.0), ("{kind: pag}", 1), ("{kind: pag, alignment: {weight: 0.5}}", 0.5),
        ("{kind: pag, alignment: {weight: 0}}", 0),
    ]) func alignedGradientsAlwaysHaveTheTerm(_ text: String, _ weight: Double) throws {
        #expect(try loss(text).activeAlignment?.weight == weight)
    }

    @Test func vanillaHasNoTermWhateverTheWeight() throws {
        #expect(try loss("{kind: vanilla}").activeAlignment == nil)
        #expect(try loss("{kind: vanilla, alignment: {weight: 2}}").activeAlignment == nil)
    }

    @Test func whatARunDoesNotUseMayChangeWithIt() throws {
        func trajectory(_ text: String) throws -> String {
            let run: RunConfiguration = try Configuration.read(text: "loss: \(text)", source: "test")
            return try Configuration.text(of: run.trajectory)
        }
        #expect(
            try trajectory("{kind: vanilla}") == trajectory("{kind: vanilla, alignment: {targets: {kind: one-image}}}"))
        #expect(try trajectory("{}") != trajectory("{alignment: {targets: {kind: one-image}}}"))
        #expect(try trajectory("{}") == trajectory("{alignment: {weight: 1}}"))
    }
}
