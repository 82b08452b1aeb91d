import Formats
import Perturbations

extension ThreatModel {
    /// As result files show it: the norm's name and the radius.
    public var json: JSONValue { ["norm": JSONValue(norm.rawValue), "epsilon": JSONValue(epsilon)] }
}
