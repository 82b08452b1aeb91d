import Configuration

/// The target sources by the names that users write.
public enum TargetRegistry {
    /// `shuffled` has a source among its settings, which is one of these: the one circle between files of this module.
    public static let kinds: [Kind<any TargetConfiguration>] = [
        Kind("one-image", OneImage.self) { $0 },
        Kind("class-mean", ClassMean.self) { $0 },
        Kind("nearest-neighbour", NearestNeighbour.self) { $0 },
        Kind("file", TargetFile.self) { $0 },
        Kind("random", RandomVectors.self) { $0 },
        Kind("shuffled", ShuffledClasses.self) { $0 },
    ]
}
