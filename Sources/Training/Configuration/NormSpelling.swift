import Configuration
import Perturbations

extension ThreatModel.Norm: Spelled {}
