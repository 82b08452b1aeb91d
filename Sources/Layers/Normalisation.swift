/// The normalisation layers by the names that configs use.
public enum Normalisation: String, Sendable, CaseIterable {
    case batch, group, layer, none

    public func layer(channels: Int, in builder: inout ModelBuilder) -> any Layer {
        switch self {
        case .batch: BatchNorm2d(channels, in: &builder)
        case .group: GroupNorm(channels, in: &builder)
        case .layer: LayerNorm(channels, in: &builder)
        case .none: Sequence([])
        }
    }
}
