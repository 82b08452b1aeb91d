import Formats
import Perturbations

/// Attacks are given a threat model: who uses them need not know where else it is used.
public typealias ThreatModel = Perturbations.ThreatModel

extension ThreatModel {
    public var json: JSONValue { ["norm": JSONValue(norm.rawValue), "epsilon": JSONValue(epsilon)] }
}
