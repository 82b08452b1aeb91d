import Autodiff
import Data
import Kernels
import Testing

struct BatchTests {
    @Test func imagesStandInTheOrderOfTheList() {
        let test = Digits.splits().test, size = test.shape.count
        let batch = test.tensor(of: [7, 0, 7], in: MemoryPool())
        #expect(batch.shape == [3, 8, 8, 1])
        var image = [Scalar](repeating: 0, count: size)
        for (place, index) in [7, 0, 7].enumerated() {
            test.read(index, into: &image)
            #expect(Array(batch.array[place * size..<(place + 1) * size]) == image)
        }
        #expect(test.tensor(of: [], in: MemoryPool()).shape == [0, 8, 8, 1])
    }

    @Test func planesAreTheOrderOfChannelsFirst() {
        let shape = ImageShape(height: 2, width: 3, channels: 2), pool = MemoryPool()
        let image = (0..<12).map { Scalar($0) }
        let planes: [Scalar] = [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]
        var stored = [Scalar](repeating: -1, count: 12)
        PixelLayout.planes.forEach(shape) { stored[$1] = image[$0] }
        #expect(stored == planes)
        let tensor = Tensor([1, 2, 3, 2], image, in: pool)
        #expect(tensor.channelsFirst().shape == [1, 2, 2, 3] && tensor.channelsFirst().array == planes)
        #expect(tensor.channelsFirst().channelsLast().array == image)
    }
}
