import Data
import Formats
import Glibc
import Kernels
import Testing

/// Where the official files are: PAG_TEST_DATA, or `../shared/data` beside the package.
private let dataFolder: String = {
    if let path = getenv("PAG_TEST_DATA") { return String(cString: path) }
    let components = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    return components.dropLast(3).joined(separator: "/") + "/../shared/data"
}()

private func isThere(_ folder: String) -> Bool {
    if access("\(dataFolder)/\(folder)", R_OK) == 0 { return true }
    print("SKIPPED: no \(dataFolder)/\(folder); PAG_TEST_DATA names the folder of the official datasets")
    return false
}

@Suite struct OfficialDataTests {
    @Test(.enabled(if: isThere("cifar-10-batches-bin")))
    func cifar10() throws {
        let folder = "\(dataFolder)/cifar-10-batches-bin"
        let splits = try DatasetRegistry.open("cifar10:\(folder)")
        #expect(splits.train.count % 10_000 == 0)
        #expect(splits.test.count == 10_000)
        #expect(splits.notices.isEmpty == (splits.train.count == 50_000))
        #expect((0..<10).allSatisfy { label in (0..<10_000).filter { splits.test.label($0) == label }.count == 1000 })

        let file = try MappedFile(path: "\(folder)/test_batch.bin")
        let start = 1234 * 3073
        let image = splits.test.image(1234)
        #expect(splits.test.label(1234) == Int(file.bytes[start]))
        for (y, x, c) in [(0, 0, 0), (31, 31, 2), (7, 20, 1), (20, 7, 0)] {
            #expect(image[(y * 32 + x) * 3 + c] == Scalar(file.bytes[start + 1 + c * 1024 + y * 32 + x]) / 255)
        }
        let (mean, deviation) = statistics(splits.test)
        for c in 0..<3 {
            #expect(abs(mean[c] - splits.mean[c]) < 0.005)
            #expect(abs(deviation[c] - splits.deviation[c]) < 0.005)
        }
    }

    @Test(.enabled(if: isThere("mnist")))
    func mnist() throws {
        try check("mnist", firstTestLabels: [7, 2, 1, 0, 4])
    }

    @Test(.enabled(if: isThere("fashion-mnist")))
    func fashionMNIST() throws {
        try check("fashion-mnist", firstTestLabels: [9, 2, 1, 1, 6])
    }

    private func check(_ name: String, firstTestLabels: [Int]) throws {
        let splits = try DatasetRegistry.open("\(name):\(dataFolder)/\(name)")
        #expect(splits.train.count == 60_000)
        #expect(splits.test.count == 10_000)
        #expect((0..<5).map(splits.test.label) == firstTestLabels)
        let (mean, deviation) = statistics(splits.train)
        #expect(abs(mean[0] - splits.mean[0]) < 1e-4)
        #expect(abs(deviation[0] - splits.deviation[0]) < 1e-4)
    }
}
