import Formats
import Perturbations

/// What an attacker may do to an image, the same in attacks and in training against them.
public typealias ThreatModel = Perturbations.ThreatModel

extension ThreatModel {
    public var json: JSONValue { ["norm": JSONValue(norm.rawValue), "epsilon": JSONValue(epsilon)] }
}
