import Autodiff
import Kernels

private struct PoolSizes: Sendable {
    let images: Shape
    let window: Int
    let stride: Int

    var output: Shape {
        images.prefix(images.rank - 3)
            + [(images[-3] - window) / stride + 1, (images[-2] - window) / stride + 1, images[-1]]
    }

    /// The index of the largest number of the window that an output index stands for.
    func winner(of x: NaiveTensor, at index: [Int]) -> [Int] {
        let row = index.count - 3, column = index.count - 2
        var best: [Int]?
        for ky in 0..<window {
            for kx in 0..<window {
                var from = index
                from[row] = index[row] * stride + ky
                from[column] = index[column] * stride + kx
                if best.map({ x[from] > x[$0] }) ?? true { best = from }
            }
        }
        return best ?? index
    }
}

private let sizes = [
    PoolSizes(images: [2, 4, 6, 2], window: 2, stride: 2),
    PoolSizes(images: [1, 5, 7, 2], window: 3, stride: 2),
    PoolSizes(images: [2, 2, 4, 5, 1], window: 3, stride: 1),
]

/// Images whose windows a scatter remembers.
private func landmarks(_ shape: Shape) -> [Scalar] { (0..<shape.count).map { Scalar($0 * 7 % 31) + Scalar($0) / 100 } }

let poolingChecks: [OperationCheck] = sizes.flatMap { sizes in
    [
        OperationCheck(
            name: "maximum pool, window \(sizes.window), stride \(sizes.stride)", covers: ["Gather"],
            inputs: [sizes.images], domains: [.distinct]
        ) {
            $0[0].maximumPooled(window: sizes.window, stride: sizes.stride)
        } reference: { x in
            NaiveTensor(sizes.output.extents) { x[0][sizes.winner(of: x[0], at: $0)] }
        },
        OperationCheck(
            name: "scatter of a maximum pool, window \(sizes.window), stride \(sizes.stride)", covers: ["Scatter"],
            inputs: [sizes.output]
        ) {
            let x = Tensor(sizes.images, landmarks(sizes.images), in: $0[0].pool).variable
            let pooled = x.maximumPooled(window: sizes.window, stride: sizes.stride)
            return gradients(of: pooled, seed: $0[0], with: [x], recording: true)[0]
        } reference: { dy in
            let x = NaiveTensor(sizes.images.extents, values: landmarks(sizes.images).map { Double($0) })
            var dx = NaiveTensor(sizes.images.extents) { _ in 0 }
            for index in NaiveTensor.indices(sizes.output.extents) {
                dx[sizes.winner(of: x, at: index)] += dy[0][index]
            }
            return dx
        },
    ]
}
