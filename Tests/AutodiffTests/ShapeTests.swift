import Autodiff
import Testing

@Suite struct ShapeTests {
    @Test func parts() {
        let shape: Shape = [2, 3, 4]
        #expect(shape.count == 24 && shape.rank == 3 && shape.description == "[2, 3, 4]")
        #expect(shape[0] == 2 && shape[-1] == 4 && shape[-3] == 2)
        #expect(shape.dropFirst() == [3, 4] && shape.prefix(1) == [2] && shape.suffix(2) == [3, 4])
        #expect(shape.prefix(1) + shape.dropFirst() == shape)
        #expect(Shape.scalar.count == 1 && Shape.scalar.rank == 0)
    }

    @Test(
        arguments: [
            ([2, 3], [2, 3], [2, 3]), ([2, 3], [3], [2, 3]), ([3], [2, 1], [2, 3]), ([], [4], [4]), ([], [], []),
            ([2, 1, 3], [4, 1], [2, 4, 3]), ([1], [0], [0]), ([2, 3], [2], nil), ([2], [3], nil), ([0], [2], nil),
        ] as [([Int], [Int], [Int]?)])
    func broadcasting(a: [Int], b: [Int], expected: [Int]?) {
        #expect(Shape.broadcast(Shape(a), Shape(b)) == expected.map { Shape($0) })
        #expect(Shape.broadcast(Shape(b), Shape(a)) == expected.map { Shape($0) })
    }
}
