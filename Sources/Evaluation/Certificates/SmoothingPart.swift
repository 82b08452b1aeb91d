/// What a rank works on at a time: some draws of one image.
struct SmoothingPart: Hashable {
    /// What the draws are for.
    enum Stage: Hashable {
        /// They choose a class, or estimate how likely it is.
        case selection, estimation
        /// They judge the image that an attack has moved.
        case judgement
    }

    let image: Int
    let draws: Range<Int>
    let stage: Stage

    /// Draws of a part, and so what a kill costs at most: more where an image would be cut into more than a thousand.
    private static func most(_ draws: Int) -> Int { max(10_000, draws / 1000) }

    /// Those of the first images, for their certificates.
    static func certifying(images: Int, _ settings: SmoothingSettings) -> [SmoothingPart] {
        (0..<images).flatMap {
            cut($0, settings.selectionDraws, .selection) + cut($0, settings.draws, .estimation)
        }
    }

    /// Those of the first images that have a certificate, for an attack on it.
    static func judging(_ certificates: [SmoothingSettings.Certificate], _ settings: SmoothingSettings)
        -> [SmoothingPart]
    {
        certificates.indices.filter { certificates[$0].prediction != nil }.flatMap {
            cut($0, settings.draws, .judgement)
        }
    }

    private static func cut(_ image: Int, _ draws: Int, _ stage: Stage) -> [SmoothingPart] {
        let most = most(draws)
        return stride(from: 0, to: draws, by: most).map {
            SmoothingPart(image: image, draws: $0..<min(draws, $0 + most), stage: stage)
        }
    }
}
