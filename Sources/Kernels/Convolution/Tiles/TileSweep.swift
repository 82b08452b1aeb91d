/// How output pixels meet input pixels along one axis of images. A forward pass is one sweep; an input gradient is as many as
/// its stride, each of which makes every so-manieth pixel from neighbouring ones.
struct TileSweep {
    /// The first output pixel, and how many there are.
    let output, count: Int
    /// The first input pixel that the first output pixel sees, which may lie in the padding.
    let input: Int
    /// Taps of the filter that input pixels meet, from the first on.
    let taps: [Int]

    /// Where the input pixels end that the first output pixel sees.
    var end: Int { input + taps.count }
}

/// The sweeps of an operation along one axis.
struct TileAxis {
    /// Pixels of the images that are read, and that are written.
    let inputs, outputs: Int
    /// Between the output pixels of one sweep, and between the first input pixels that they see.
    let outputStep, inputStep: Int
    let sweeps: [TileSweep]

    /// The axis of a forward pass.
    init(forward inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int) {
        self.inputs = inputs
        self.outputs = outputs
        outputStep = 1
        inputStep = stride
        sweeps = [TileSweep(output: 0, count: outputs, input: -padding, taps: Array(0..<kernel))]
    }

    /// The axis of an input gradient: `inputs` are the forward pass' outputs.
    init(backward inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int) {
        self.inputs = inputs
        self.outputs = outputs
        outputStep = stride
        inputStep = 1
        sweeps = (0..<min(stride, outputs)).map { output in
            // A pixel of the padded image belongs to the taps that are as far beyond a multiple of the stride as itself.
            let place = output + padding
            let taps = Swift.stride(from: place % stride, to: kernel, by: stride).reversed()
            return TileSweep(
                output: output, count: (outputs - output + stride - 1) / stride,
                input: place / stride - (taps.count - 1), taps: Array(taps))
        }
    }

    /// Zeros before the first input pixel that are read.
    var before: Int { max(0, -(sweeps.map(\.input).min() ?? 0)) }
    /// Input pixels from the first to the last that output pixels of the same number see.
    var span: Int { (sweeps.map(\.end).max() ?? 0) - (sweeps.map(\.input).min() ?? 0) }
    /// Whether an output pixel sees the input pixel: not all do where the stride is larger than the filter.
    func reads(_ input: Int) -> Bool {
        sweeps.contains { (input - $0.input + inputStep) % inputStep < $0.taps.count }
    }
    /// Output pixels of the sweep that has the most.
    var count: Int { sweeps.map(\.count).max() ?? 0 }
}
