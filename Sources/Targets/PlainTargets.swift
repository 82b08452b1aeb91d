import Configuration

/// The target sources that are not made of another, by the names that users write.
let plainTargets: [Kind<any TargetConfiguration>] = [
    Kind("one-image", OneImage.self) { $0 },
    Kind("class-mean", ClassMean.self) { $0 },
    Kind("nearest-neighbour", NearestNeighbour.self) { $0 },
    Kind("file", TargetFile.self) { $0 },
    Kind("random", RandomVectors.self) { $0 },
]
