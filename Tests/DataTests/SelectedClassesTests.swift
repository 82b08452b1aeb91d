import Data
import Kernels
import TestSupport
import Testing

@Suite struct SelectedClassesTests {
    private func open(_ classes: [String]) throws -> DatasetSplits {
        try DatasetRegistry.open(DataSelection("digits", classes: classes))
    }

    @Test func labelsAreThePlacesInTheList() throws {
        let all = try DatasetRegistry.open("digits"), some = try open(["7", "3", "0"])
        for (part, whole) in [(some.train, all.train), (some.test, all.test)] {
            let wanted = (0..<whole.count).filter { [7, 3, 0].contains(whole.label($0)) }
            #expect(part.classNames == ["7", "3", "0"])
            #expect(part.count == wanted.count)
            for (index, original) in wanted.enumerated() {
                #expect(part.label(index) == [7: 0, 3: 1, 0: 2][whole.label(original)])
                #expect(part.image(index) == whole.image(original))
            }
        }
        #expect(some.mean == all.mean && some.range == pixelRange)
        #expect(try open(["3", "7", "0"]).train.fingerprint != some.train.fingerprint, "the order is part of it")
        #expect(try open(["7", "3", "0"]).train.fingerprint == some.train.fingerprint)
    }

    @Test func unknownRepeatedAndTooFewAreRefused() {
        func refuse(_ classes: [String], _ words: String) {
            let error = #expect(throws: (any Error).self) { try open(classes) }
            #expect("\(String(describing: error))".contains(words))
        }
        refuse(["7", "10"], "unknown class \"10\", expected some of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, or their numbers")
        refuse(["7", "-1"], "unknown class")
        refuse(["7", "3", "7"], "class \"7\" is there twice")
        refuse(["7"], "1 class, expected at least 2")
    }

    @Test func namesComeBeforeNumbers() throws {
        let directory = TemporaryDirectory()
        // Classes "0", "2", "1 a" in the order of their bytes: 0, 1 a, 2. The number 1 is no name, 2 is one.
        for name in ["0", "1 a", "2"] {
            for part in ["train", "test"] {
                try directory.write("\(part)/\(name)/1.png", fixture("grey.png"))
            }
        }
        let splits = try DatasetRegistry.open(
            DataSelection("folder:\(directory.path)", classes: ["2", "1"]))
        #expect(splits.train.classNames == ["2", "1 a"])
    }

    @Test func imagesOfOfficialFilesAreResized() throws {
        let directory = TemporaryDirectory()
        let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28]
        for part in ["train", "t10k"] {
            try directory.write("\(part)-images-idx3-ubyte", header + [UInt8](repeating: 9, count: 784))
            try directory.write("\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 1, 3])
        }
        let splits = try DatasetRegistry.open(
            DataSelection("mnist:\(directory.path)", size: ImageSize(height: 12, width: 20)))
        #expect(splits.train.shape == ImageShape(height: 12, width: 20, channels: 1))
        #expect(splits.test.bytes(0) == [UInt8](repeating: 9, count: 240))
    }
}
