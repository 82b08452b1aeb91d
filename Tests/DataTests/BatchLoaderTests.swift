import Data
import Kernels
import Testing

@Suite struct BatchLoaderTests {
    private struct Batch: Equatable {
        var images: [Scalar]
        var labels = [Int]()
        var placements = [Placement]()
    }

    private func load(_ loader: BatchLoader, _ indices: ArraySlice<Int>, epoch: Int) -> Batch {
        var batch = Batch(images: [Scalar](repeating: -1, count: indices.count * loader.dataset.shape.count))
        // Leftovers of an earlier batch.
        var labels = [99], placements = [Placement(dx: 9, dy: 9, mirrored: true)]
        batch.images.withUnsafeMutableBufferPointer { buffer in
            if let base = buffer.baseAddress {
                loader.load(indices: indices, epoch: epoch, into: base, labels: &labels, placements: &placements)
            }
        }
        batch.labels = labels
        batch.placements = placements
        return batch
    }

    @Test func batchesDoNotDependOnHowTheyAreDivided() {
        let dataset = Digits.splits().train
        let loader = BatchLoader(dataset: dataset, seed: 7, augmentation: Augmentation(crop: 1, flip: true))
        let size = dataset.shape.count
        for batch in EpochOrder(seed: 7, epoch: 2, count: dataset.count).batches(batchSize: 64).prefix(3) {
            let whole = load(loader, batch, epoch: 2)
            #expect(whole.labels == batch.map { dataset.label($0) })
            for ranks in [2, 3, 4, 64] {
                // Each rank has a loader of its own, and the last one comes first.
                var parts = [Batch]()
                for rank in (0..<ranks).reversed() {
                    let own = BatchLoader(
                        dataset: Digits.splits().train, seed: 7, augmentation: Augmentation(crop: 1, flip: true))
                    let begin = batch.startIndex + rank * 64 / ranks, end = batch.startIndex + (rank + 1) * 64 / ranks
                    parts.insert(load(own, batch[begin..<end], epoch: 2), at: 0)
                }
                #expect(parts.flatMap(\.images) == whole.images)
                #expect(parts.flatMap(\.labels) == whole.labels)
                #expect(parts.flatMap(\.placements) == whole.placements)
            }
            let reversed = load(loader, ArraySlice(batch.reversed()), epoch: 2)
            #expect(Array(reversed.images[..<size]) == Array(whole.images[(63 * size)...]))
        }
    }

    @Test func imagesAreTheDatasetsUnderTheirPlacements() {
        let dataset = Digits.splits().train
        let indices = ArraySlice(10..<20)
        let plain = load(BatchLoader(dataset: dataset, seed: 1), indices, epoch: 0)
        #expect(plain.images == (10..<20).flatMap { dataset.image($0) })
        #expect(plain.placements == Array(repeating: Placement.identity, count: 10))

        let loader = BatchLoader(dataset: dataset, seed: 1, augmentation: Augmentation(crop: 2, flip: true))
        let batch = load(loader, indices, epoch: 0)
        #expect(batch.placements == (10..<20).map { loader.augmentation.placement(seed: 1, epoch: 0, image: $0) })
        for place in 0..<10 {
            var expected = [Scalar](repeating: -1, count: 64)
            dataset.image(10 + place).withUnsafeBufferPointer { image in
                expected.withUnsafeMutableBufferPointer { expected in
                    if let from = image.baseAddress, let to = expected.baseAddress {
                        batch.placements[place].apply(dataset.shape, from: from, to: to)
                    }
                }
            }
            #expect(Array(batch.images[place * 64..<(place + 1) * 64]) == expected)
        }
        #expect(batch.images != load(loader, indices, epoch: 1).images)
    }
}
