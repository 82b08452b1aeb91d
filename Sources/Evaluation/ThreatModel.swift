import Formats
import Perturbations

extension ThreatModel {
    public var json: JSONValue { ["norm": JSONValue(norm.rawValue), "epsilon": JSONValue(epsilon)] }
}
