import Formats

/// Which images are held out as test images where the data have none: of each class a tenth, at least one, those whose
/// keys have the smallest hashes. No seed has a part in it, so that an evaluation finds the images that no training
/// saw.
enum HeldOut {
    static let rule = "a tenth of each class, by a hash of the names, is held out to test"
    static let numberedRule = "a tenth of each class, by a hash of the numbers, is held out to test"

    /// The first of every class, the second of every class, and so on: any number of images from the front is of all
    /// classes alike.
    static func interleaved<Image>(_ classes: [[Image]]) -> [(label: Int, image: Image)] {
        (0..<(classes.map(\.count).max() ?? 0)).flatMap { place in
            classes.enumerated().compactMap { label, images in
                place < images.count ? (label, images[place]) : nil
            }
        }
    }

    /// `keys[i]` is what image i of its class is called. Nil for fewer than two images.
    static func split(_ keys: [String]) -> (train: [Int], test: [Int])? {
        guard keys.count >= 2 else { return nil }
        let hashes = keys.map { key in Array(key.utf8).withUnsafeBytes { SHA256.hexDigest(of: $0) } }
        let order = keys.indices.sorted { (hashes[$0], $0) < (hashes[$1], $1) }
        let count = max(1, keys.count / 10)
        return (order.dropFirst(count).sorted(), order.prefix(count).sorted())
    }
}
