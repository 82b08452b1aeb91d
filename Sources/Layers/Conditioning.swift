/// What a denoising network is told beside the noisy images, one entry an image.
public struct Conditioning: Sendable {
    /// The time steps that the noise levels belong to, as the network was trained with them; they may be fractions.
    public let times: [Double]
    /// Classes; the number of classes stands for the empty class.
    public let classes: [Int]

    /// As many times as classes.
    public init(times: [Double], classes: [Int]) {
        precondition(times.count == classes.count, "Conditioning: \(times.count) times, \(classes.count) classes")
        self.times = times
        self.classes = classes
    }
}
