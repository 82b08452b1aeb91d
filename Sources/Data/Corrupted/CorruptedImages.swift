/// The first test images of a data set, in its order, under several corruptions at five severities each.
public protocol CorruptedImages: Sendable {
    /// Where they come from: `builtin`, or a folder.
    var source: String { get }
    /// The names of the corruptions, in the order in which they are shown.
    var corruptions: [String] { get }
    /// How many images there are of each severity.
    var count: Int { get }
    /// Those of a corruption, one of `corruptions`, at a severity from 1 to 5. Throws `Failure.badInput` where the file
    /// that holds them is damaged.
    func images(of corruption: String, severity: Int) throws -> any Dataset
}

/// What the benchmarks of Hendrycks and Dietterich (2019) have settled.
public enum CorruptionBenchmark {
    /// From weak to strong.
    public static let severities = 1...5

    /// The fifteen that results are about, in the published order.
    public static let corruptions = [
        "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur",
        "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
    ]
    /// Four more, which settings may be chosen by.
    public static let furtherCorruptions = ["speckle_noise", "gaussian_blur", "spatter", "saturate"]

    /// The names in the published order, others after them by name.
    public static func sorted(_ names: [String]) -> [String] {
        let known = corruptions + furtherCorruptions
        return known.filter(names.contains) + names.filter { !known.contains($0) }.sorted()
    }
}
