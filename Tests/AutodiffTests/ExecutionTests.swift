import Autodiff
import Kernels
import Testing

@Suite struct ExecutionTests {
    /// Forms of filters stay for the next convolution, or go after each, and never outlive their phase; the numbers are
    /// the same.
    @Test func preparedFilters() {
        let pool = MemoryPool(), prepared = pool.execution.preparedFilters
        func numbers(_ shape: Shape) -> Tensor {
            Tensor(shape, (0..<shape.count).map { Scalar($0 * 7919 % 23 - 11) / 11 }, in: pool)
        }
        let images = numbers([2, 16, 16, 64]), filters = numbers([64, 3, 3, 64])
        var results: [[Scalar]] = []
        /// The bytes that a convolution leaves behind.
        func convolve() -> Int {
            let before = pool.usage.live
            results.append(images.convolved(with: filters, ConvolutionSettings(stride: 1, padding: 1)).array)
            return pool.usage.live - before
        }
        let empty = pool.usage.live
        prepared.phase(reusing: false) { #expect([convolve(), convolve()] == [0, 0]) }
        let kept = convolve()
        #expect(kept > 0 && convolve() == 0)
        prepared.phase(reusing: true) {
            #expect(pool.usage.live == empty)
            #expect([convolve(), convolve()] == [kept, 0])
            prepared.phase(reusing: false) {
                #expect(pool.usage.live == empty)
                #expect([convolve(), convolve()] == [0, 0])
            }
            #expect([convolve(), convolve()] == [kept, 0])
        }
        #expect(pool.usage.live == empty)
        struct Stop: Error {}
        #expect(throws: Stop.self) { try prepared.phase(reusing: false) { throw Stop() } }
        #expect([convolve(), convolve()] == [kept, 0])
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test func firstResultThatIsNotFinite() {
        let trap = NonFiniteTrap(), x = Tensor([2], [1, 0], in: MemoryPool(for: Execution(trap: trap)))
        _ = x.exponential() + x
        #expect(trap.firstOperation == nil)
        _ = (x.logarithm() * x).exponential()
        #expect(trap.firstOperation == "logarithm")
    }
}
