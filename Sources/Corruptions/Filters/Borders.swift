/// What stands beyond an image's borders.
enum Border {
    /// The last pixel: a a a | a b c.
    case edge
    /// The image mirrored about its border: c b a | a b c.
    case mirrored
    /// The same about the last pixel's centre: c b | a b c.
    case mirroredAtCentre

    /// The place in 0 ..< count that stands for any place.
    func inside(_ place: Int, _ count: Int) -> Int {
        if place >= 0 && place < count { return place }
        switch self {
        case .edge: return place < 0 ? 0 : count - 1
        case .mirrored:
            let turn = ((place % (2 * count)) + 2 * count) % (2 * count)
            return turn < count ? turn : 2 * count - 1 - turn
        case .mirroredAtCentre:
            if count == 1 { return 0 }
            let length = 2 * count - 2, turn = ((place % length) + length) % length
            return turn < count ? turn : length - turn
        }
    }
}
