import Corruptions
import Data
import Formats
import Glibc
import Kernels
import Testing

/// Images in memory.
struct SomeImages: Dataset {
    let name = "images"
    let shape: ImageShape
    let classNames = ["0", "1"]
    let range: ClosedRange<Scalar>?
    let fingerprint = "none"
    let images: [[UInt8]]

    init(_ shape: ImageShape, _ images: [[UInt8]], range: ClosedRange<Scalar>? = pixelRange) {
        self.shape = shape
        self.images = images
        self.range = range
    }

    var count: Int { images.count }
    func label(_ index: Int) -> Int { index % 2 }
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) {
        for (place, byte) in images[index].enumerated() { image[place] = Scalar(byte) / 255 }
    }
}

/// The bytes of an image of a corruption's.
func bytes(_ images: any CorruptedImages, _ name: String, _ severity: Int, _ index: Int) throws -> [UInt8] {
    let dataset = try images.images(of: name, severity: severity)
    var values = [Scalar](repeating: -1, count: dataset.shape.count)
    dataset.read(index, into: &values)
    return values.map { UInt8(($0 * 255).rounded()) }
}

/// Against the published generator of CIFAR-10-C, which was run with pag's random numbers: Reference/make_reference.py.
@Suite struct ReferenceTests {
    private static let seed: UInt64 = 7

    /// The file beside this one, or another one that the script has made of CIFAR-10.
    private static let path: String = {
        if let path = getenv("PAG_CORRUPTIONS_REFERENCE") { return String(cString: path) }
        let components = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return components.dropLast().joined(separator: "/") + "/Reference/corruptions.safetensors"
    }()

    /// The share of bytes that may differ, by 1: with another processor's elementary functions a sum may fall to the other side
    /// of a whole byte. The shear of elastic_transform is made in single precision there.
    static let tolerances = [
        ("gaussian_noise", 0.001), ("shot_noise", 0.001), ("impulse_noise", 0), ("speckle_noise", 0.001),
        ("defocus_blur", 0.001), ("glass_blur", 0.001), ("motion_blur", 0.001), ("zoom_blur", 0.001),
        ("gaussian_blur", 0.001), ("snow", 0.001), ("fog", 0.001), ("brightness", 0.001), ("contrast", 0.001),
        ("elastic_transform", 0.02), ("pixelate", 0), ("jpeg_compression", 0), ("saturate", 0.001),
    ]

    @Test func everyCorruptionIsCompared() {
        #expect(Set(Self.tolerances.map(\.0)) == Set(builtInCorruptions.map(\.name)))
    }

    @Test(arguments: ReferenceTests.tolerances)
    func imagesAreThePublishedOnes(name: String, share: Double) throws {
        let file = try SafetensorsFile(path: Self.path), shape = ImageShape(height: 32, width: 32, channels: 3)
        func array(_ name: String) throws -> [UInt8] { try file.withBytes(of: name) { Array($0) } }
        let all = try array("clean"), expected = try array(name)
        let clean = stride(from: 0, to: all.count, by: shape.count).map { Array(all[$0..<$0 + shape.count]) }
        let images = try BuiltInCorruptions(of: SomeImages(shape, clean), seed: Self.seed)
        let perSeverity = expected.count / shape.count / 5
        try #require(expected.count == 5 * perSeverity * shape.count)
        var differences: [Int: Int] = [:], bySeverity = [Int](repeating: 0, count: 5)
        for row in 0..<5 * perSeverity {
            let severity = row / perSeverity
            let index = perSeverity == 1 ? severity % clean.count : row % perSeverity
            let found = try bytes(images, name, severity + 1, index)
            for (place, byte) in found.enumerated() {
                let difference = abs(Int(byte) - Int(expected[row * shape.count + place]))
                differences[difference, default: 0] += 1
                bySeverity[severity] += difference > 0 ? 1 : 0
            }
        }
        let largest = differences.keys.max() ?? 0
        let found = "\(name): \(bySeverity) of \(expected.count / 5) differ, largest \(largest)"
        #expect(largest <= 1 && Double(differences[1] ?? 0) <= share * Double(expected.count), "\(found)")
        if getenv("PAG_CORRUPTIONS_REFERENCE") != nil { print(found) }
    }
}
