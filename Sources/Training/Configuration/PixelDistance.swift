import Configuration
import Failures
import Perturbations

/// A length in units of images in [0, 1], as users write it: a number, or a fraction such as `8/255`.
public struct PixelDistance: ConfigScalar, Equatable, CustomStringConvertible {
    public let value: Double
    /// As the user wrote it: `8/255` stays `8/255`.
    public let description: String

    public init(_ value: Double) {
        self.value = value
        description = "\(value)"
    }

    public init(configScalar: ScalarText) throws(ScalarMismatch) {
        do { value = try ThreatModel.epsilon(configScalar.text) } catch {
            throw ScalarMismatch("is not a number such as 0.5 or 8/255")
        }
        description = configScalar.text
    }

    public var configScalar: ScalarText { ScalarText(description, isQuoted: description.contains("/")) }
    public var canonicalScalar: ScalarText { value.configScalar }
}

extension Check<PixelDistance> {
    static var positive: Check { Check("is not positive") { $0.value > 0 } }
}
