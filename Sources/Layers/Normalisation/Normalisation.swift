/// The normalisation layers by the names that configs use.
public enum Normalisation: String, Sendable, CaseIterable {
    case batch, group, layer, none

    /// Declares the parameters of a layer that normalises `channels` channels.
    public func layer(channels: Int, in builder: inout ModelBuilder) -> any NormalisationLayer {
        switch self {
        case .batch: BatchNorm2d(channels, in: &builder)
        case .group: GroupNorm(channels, in: &builder)
        case .layer: LayerNorm(channels, in: &builder)
        case .none: NoNormalisation()
        }
    }
}
