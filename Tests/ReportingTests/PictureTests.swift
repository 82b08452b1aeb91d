import Formats
import Reporting
import Testing

@Suite struct PictureTests {
    private func pixel(_ image: RasterImage, _ x: Int, _ y: Int) -> [UInt8] {
        let start = (y * image.width + x) * image.channels
        return Array(image.pixels[start..<start + image.channels])
    }

    @Test func imagesInTheUnitInterval() {
        let grey = Colours.image([0, 0.5, 1, -3, 7, Double.nan], height: 2, width: 3, channels: 1)
        #expect(grey == RasterImage(width: 3, height: 2, channels: 1, pixels: [0, 128, 255, 0, 255, 0]))
        let colour = Colours.image([Float(0.2), 0.4, 0.6], height: 1, width: 1, channels: 3)
        #expect(colour.pixels == [51, 102, 153])
    }

    @Test func signedValuesOfOneChannelDiverge() {
        let image = Colours.signed([-2.0, 0, 2, 1, .nan, -1], height: 1, width: 6, channels: 1)
        #expect(image.channels == 3)
        let (low, zero, high) = (pixel(image, 0, 0), pixel(image, 1, 0), pixel(image, 2, 0))
        #expect(low[2] > low[0] && high[0] > high[2])
        #expect(zero == [255, 255, 255] && pixel(image, 4, 0) == zero)
        // Half of the largest magnitude is lighter than the whole, on both sides.
        #expect(pixel(image, 3, 0)[0] > high[0] && pixel(image, 5, 0)[2] > low[2])
        #expect(Colours.signed([Float(0), 0], height: 1, width: 2, channels: 1).pixels.allSatisfy { $0 == 255 })
    }

    @Test func signedValuesOfThreeChannelsAreShifted() {
        let gradient = [Float(-0.5), 0, 0.25, 0.5, -0.25, 0]
        let image = Colours.signed(gradient, height: 1, width: 2, channels: 3)
        #expect(image.pixels == [0, 128, 191, 255, 64, 128])
        let shared = Colours.signed(gradient, height: 1, width: 2, channels: 3, magnitude: 1)
        #expect(shared.pixels == [64, 128, 159, 191, 96, 128])
        #expect(Colours.signed([0.0, 0, 0], height: 1, width: 1, channels: 3).pixels == [128, 128, 128])
    }

    @Test func tilesAreEnlargedWithoutSmoothing() {
        let red: [UInt8] = [200, 0, 0], blue: [UInt8] = [0, 0, 200]
        let first = RasterImage(width: 2, height: 1, channels: 3, pixels: red + blue)
        let second = RasterImage(width: 1, height: 1, channels: 1, pixels: [77])
        let image = PictureGrid(tiles: [[first, second], [nil, nil]]).render(scale: 10)
        let scanned = (0..<image.height).map { y in (0..<image.width).map { pixel(image, $0, y) } }.joined()
        #expect(scanned.count { $0 == red } == 100 && scanned.count { $0 == blue } == 100)
        #expect(scanned.count { $0 == [77, 77, 77] } == 100)
        // Margin of 5 around and between.
        #expect(pixel(image, 5, 5) == red && pixel(image, 15, 5) == blue && pixel(image, 30, 5) == [77, 77, 77])
        #expect(image.width == 5 + 20 + 5 + 10 + 5)
    }

    @Test func labelsTakeTheirRoom() {
        let tile = RasterImage(width: 8, height: 8, channels: 1, pixels: [UInt8](repeating: 255, count: 64))
        let plain = PictureGrid(tiles: [[tile]]).render(scale: 4)
        let labelled = PictureGrid(
            columnLabels: ["a long label"], rowLabels: ["row"], tiles: [[tile]], captions: [["cos 0.5"]]
        ).render(scale: 4)
        // Twelve characters of five pixels and a space of one between them.
        #expect(labelled.width >= 12 * 6 - 1 + 3 * 6 && labelled.height >= plain.height + 2 * 9)
        #expect(labelled.pixels.contains { $0 < 0x40 })
        #expect(!plain.pixels.contains { $0 < 0x40 })
    }

    @Test func everyCharacterHasItsOwnShape() {
        let tile = RasterImage(width: 1, height: 1, channels: 1, pixels: [255])
        let characters = (0x21...0x7e).compactMap { Unicode.Scalar($0).map { String(Character($0)) } } + ["é"]
        let shapes = Set(characters.map { PictureGrid(columnLabels: [$0], tiles: [[tile]]).render(scale: 8).pixels })
        #expect(characters.count == 95 && shapes.count == 95)
    }
}
