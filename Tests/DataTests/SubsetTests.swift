import Data
import Testing

@Suite struct SubsetTests {
    @Test func imagesAreThoseOfTheList() {
        let base = Digits.splits().train
        let subset = Subset(base, indices: [5, 1, 1400])
        #expect(subset.count == 3)
        #expect(subset.shape == base.shape)
        #expect(subset.classNames == base.classNames)
        for (place, index) in [5, 1, 1400].enumerated() {
            #expect(subset.label(place) == base.label(index))
            #expect(subset.image(place) == base.image(index))
        }
        let nested = Subset(subset, indices: [2])
        #expect(nested.image(0) == base.image(1400))
    }

    @Test func fingerprintDependsOnTheList() {
        let base = Digits.splits().train
        let fingerprints = [[0, 1], [1, 0], [0], [], [0, 1, 2]].map { Subset(base, indices: $0).fingerprint }
        #expect(Set(fingerprints + [base.fingerprint]).count == 6)
        #expect(Subset(base, indices: [1, 0]).fingerprint == fingerprints[1])
    }
}
