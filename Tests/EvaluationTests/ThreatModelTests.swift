import Evaluation
import Failures
import Kernels
import Perturbations
import Randomness
import Testing

struct ThreatModelTests {
    @Test func epsilonIsANumberOrAFraction() throws {
        #expect(try ThreatModel.epsilon("0.5") == 0.5)
        #expect(try ThreatModel.epsilon("8/255") == 8.0 / 255)
        #expect(try ThreatModel.epsilon("0") == 0)
        for text in ["", "a", "1/0", "-1", "1/2/3", "8/", "/255", "inf", "nan", "0/0", " 1"] {
            #expect(throws: Failure.self, "\(text)") { try ThreatModel.epsilon(text) }
        }
        let threat = try ThreatModel(norm: "linf", epsilon: "8/255")
        #expect(threat == ThreatModel(norm: .linf, epsilon: 8.0 / 255))
        #expect(threat.epsilonText == "8/255")
        #expect(ThreatModel(norm: .l2, epsilon: 0.5).epsilonText == "0.5")
        #expect(ThreatModel(norm: .linf, epsilon: 0.03).epsilonText == "0.03")
    }

    /// Beyond 1e38 single precision has no numbers left, and beyond 1e154 double precision no squares.
    @Test func radiiBeyondAllImagesAreRefused() throws {
        #expect(try ThreatModel.epsilon("1e30") == 1e30)
        #expect(try ThreatModel.epsilons("0.25, 8/255") == [0.25, 8.0 / 255])
        for text in ["1e31", "1.7e308", "1e300/1e-9"] {
            let failure = #expect(throws: Failure.self) { try ThreatModel.epsilon(text) }
            #expect(failure?.description.contains("epsilon \"\(text)\"") == true)
        }
    }

    @Test func l0CountsWholeValues() throws {
        #expect(try ThreatModel.list(norms: "l0, l2", epsilons: "3, 0.5").map(\.epsilon) == [3, 0.5])
        for text in ["8/255", "0", "1.5", "0.99"] {
            let failure = #expect(throws: Failure.self) { try ThreatModel.list(norms: "l0", epsilons: text) }
            #expect(failure?.description.contains("whole number") == true)
        }
        let failure = #expect(throws: Failure.self) { try ThreatModel.list(norms: "l1,l2", epsilons: "1") }
        #expect(failure?.description == "epsilon \"1\" has 1 radius for 2 norms")
    }

    @Test func anUnknownNormListsTheKnownOnes() {
        #expect(throws: Failure(.usage, "norm \"l3\" is unknown, expected l1, l2, linf")) {
            try ThreatModel(norm: "l3", epsilon: "1")
        }
    }

    @Test(arguments: ThreatModel.Norm.allCases, [0, 1e-9, 3e-8, 8.0 / 255, 0.1, 0.5, 3, 100])
    func projectionsEndInTheBallAndTheBoxExactly(norm: ThreatModel.Norm, epsilon: Double) {
        let threat = ThreatModel(norm: norm, epsilon: epsilon)
        var stream = RandomStream(seed: 1, purpose: .test)
        for scale in [0.01, 1, 50, 1e30] {
            for _ in 0..<20 {
                let original = (0..<37).map { _ in Scalar(stream.below(256)) / 255 }
                var image = original.map { Scalar(Double($0) + scale * stream.normal()) }
                threat.project(37, &image, original: original)
                #expect(threat.distance(37, image, original) <= epsilon)
                #expect(image.allSatisfy { (0...1).contains($0) })
                #expect(threat.allows(37, image, original: original))
                let once = image
                threat.project(37, &image, original: original)
                #expect(image == once)
            }
        }
    }

    @Test func theLargestChangesStayUnderL0() throws {
        let original: [Scalar] = [0.5, 0.5, 0.5, 0.9, 0.5]
        let threat = ThreatModel(norm: .l0, epsilon: 2)
        // The fourth value can only move by 0.1, and the second and the fifth as far as each other.
        var image: [Scalar] = [0.8, 0.75, 0.5, 5, 0.25]
        #expect(threat.distance(5, image, original) == 4 && !threat.allows(5, image, original: original))
        threat.project(5, &image, original: original)
        #expect(image == [0.8, 0.75, 0.5, 0.9, 0.5])
        var vector = [0.3, -0.5, 0.1, 0]
        ThreatModel.Norm.l0.shrink(&vector, to: 2)
        #expect(vector == [0.3, -0.5, 0, 0])
        #expect(try ThreatModel.list(norms: "L0,linf", epsilons: nil).map(\.epsilon) == [24, 8.0 / 255])
        #expect(ThreatModel.Norm(spelling: "l0") == nil)
    }

    /// Of all vectors in a ball the nearest: no step towards the first leads closer.
    @Test(arguments: ThreatModel.Norm.proper)
    func vectorsShrinkToTheNearestOfTheBall(norm: ThreatModel.Norm) {
        var stream = RandomStream(seed: 2, purpose: .test)
        for _ in 0..<20 {
            let vector = (0..<9).map { _ in stream.normal() }
            var nearest = vector
            norm.shrink(&nearest, to: 0.7)
            #expect(abs(norm.length(of: nearest) - 0.7) < 1e-9)
            func distance(_ other: [Double]) -> Double {
                ThreatModel.Norm.l2.length(of: zip(vector, other).map { $0 - $1 })
            }
            // The ball is convex and so is the distance: on the way to any other point of it, it rises at once.
            for _ in 0..<50 {
                var other = (0..<9).map { _ in stream.normal() }
                let length = norm.length(of: other)
                for i in other.indices { other[i] *= 0.7 / length }
                let near = zip(nearest, other).map { $0 + 1e-3 * ($1 - $0) }
                #expect(distance(near) >= distance(nearest) - 1e-12)
            }
        }
        var inside = [0.01, 0.02]
        norm.shrink(&inside, to: 0.7)
        #expect(inside == [0.01, 0.02])
    }

    @Test func projectionsKeepWhatIsAllowedAndReachTheSurface() {
        let original: [Scalar] = [0.5, 0.5]
        let cube = ThreatModel(norm: .linf, epsilon: 0.25), ball = ThreatModel(norm: .l2, epsilon: 0.25)
        var image: [Scalar] = [0.625, 0.9]
        cube.project(2, &image, original: original)
        #expect(image == [0.625, 0.75])
        image = [0.5 + 3, 0.5 - 4]
        ball.project(2, &image, original: original)
        #expect(abs(image[0] - 0.65) < 1e-6 && abs(image[1] - 0.3) < 1e-6)
        image = [0.6, 0.45]
        ball.project(2, &image, original: original)
        #expect(image == [0.6, 0.45])
    }

    /// Against a bisection on the amount, value by value.
    @Test func theSparseProjectionIsTheNearestImage() {
        var stream = RandomStream(seed: 3, purpose: .test)
        for count in [1, 2, 7, 300] {
            for scale in [0.05, 1, 20] {
                for epsilon in [0.01, 0.7, 5] {
                    let original = (0..<count).map { _ in Scalar(stream.below(256)) / 255 }
                    let point = original.map { Scalar(Double($0) + scale * stream.normal()) }
                    func shrunk(_ amount: Double) -> [Double] {
                        zip(point, original).map { value, centre in
                            let change = Double(value) - Double(centre)
                            let room = change > 0 ? 1 - Double(centre) : Double(centre)
                            return Double(signOf: change, magnitudeOf: min(max(abs(change) - amount, 0), room))
                        }
                    }
                    var low = 0.0, high = 100.0
                    for _ in 0..<200 {
                        let middle = (low + high) / 2, length = ThreatModel.Norm.l1.length(of: shrunk(middle))
                        if length > epsilon { low = middle } else { high = middle }
                    }
                    var image = point
                    ThreatModel(norm: .l1, epsilon: epsilon).project(count, &image, original: original)
                    for (i, change) in shrunk(high).enumerated() {
                        #expect(abs(Double(image[i]) - Double(original[i]) - change) < 1e-6)
                    }
                }
            }
        }
    }

    @Test func sparseStepsMoveTheLargestDerivatives() {
        let gradient: [Scalar] = [0, -3, 1, 0.5, 3, -2, 0, 0.1, 0, 1e-30]
        func moved(_ share: Double, _ gradient: [Scalar]) -> [Scalar] {
            var image = [Scalar](repeating: 0, count: gradient.count)
            ThreatModel.Norm.sparseStep(gradient.count, &image, along: gradient, length: 6, share: share)
            return image
        }
        #expect(moved(0.3, gradient) == [0, -2, 0, 0, 2, -2, 0, 0, 0, 0])
        // Two are the largest, whichever is wanted.
        #expect(moved(0, gradient) == [0, -3, 0, 0, 3, 0, 0, 0, 0, 0])
        #expect(moved(1, gradient).count { $0 != 0 } == 7)
        #expect(moved(0.5, [0, 0, 0]) == [0, 0, 0])
        #expect(moved(0.5, [.nan, .infinity]) == [0, 0])
    }

    /// Of three values one moves: the steepest that the box leaves a way.
    @Test func sparseStepsLeaveOutWhatTheBoxHolds() {
        func moved(_ image: [Scalar], _ gradient: [Scalar], length: Double = 0.25, isOpen: Bool = false) -> [Scalar] {
            let box = isOpen ? ThreatModel.unbounded : ThreatModel.pixels
            var image = image
            ThreatModel(norm: .l1, epsilon: 1, box: box).step(3, &image, along: gradient, length: length)
            return image
        }
        #expect(moved([1, 0.5, 0.5], [3, 2, 1]) == [1, 0.75, 0.5])
        #expect(moved([1, 0, 0.5], [3, -2, 1]) == [1, 0, 0.75])
        #expect(moved([1, 0.5, 0.5], [-3, 2, 1]) == [0.75, 0.5, 0.5])
        #expect(moved([0.9999999, 0.5, 0.5], [3, 2, 1]) == [0.9999999, 0.75, 0.5])
        #expect(moved([1, 0.5, 0.5], [3, 2, 1], isOpen: true) == [1.25, 0.5, 0.5])
        #expect(moved([0.5, 0.5, 0.5], [3, 2, 1], length: 1e30) == [1e30, 0.5, 0.5])
        // All at the edge, or nothing to follow.
        #expect(moved([1, 0, 1], [3, -2, 1]) == [1, 0, 1])
        #expect(moved([1, 0.5, 1], [.infinity, 2, 1]) == [1, 0.5, 1])
        // The other norms move all values, and so do not stop.
        var image: [Scalar] = [1, 0.5, 0.5]
        ThreatModel(norm: .linf, epsilon: 1).step(3, &image, along: [3, -2, 0], length: 0.25)
        #expect(image == [1.25, 0.25, 0.5])
    }

    @Test func theBoxMayBeOpen() {
        let threat = ThreatModel(norm: .l2, epsilon: 15, box: ThreatModel.unbounded)
        var image: [Scalar] = [-140, 70]
        threat.project(2, &image, original: [-110, 70])
        #expect(image == [-125, 70])
    }

    @Test(arguments: ThreatModel.Norm.proper)
    func valuesThatAreNotFiniteAreTakenBack(norm: ThreatModel.Norm) {
        let threat = ThreatModel(norm: norm, epsilon: 0.25)
        var image: [Scalar] = [.nan, .infinity, -.infinity, 0.5]
        #expect(!threat.allows(4, image, original: [0.5, 0.5, 0.5, 0.5]))
        threat.project(4, &image, original: [0.5, 0.5, 0.5, 0.5])
        #expect(image == [0.5, 0.5, 0.5, 0.5])
    }
}
