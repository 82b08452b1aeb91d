/// How the tiles of a batch go through scratch: `size` at a time, as patches of input and as tiles of output.
struct WinogradBlock<Pass: WinogradPass> {
    let inputs, outputs: WinogradTiles
    /// Tiles in all, and tiles of one block.
    let tiles, size: Int
    /// Numbers of all output images.
    let outputCount: Int
    private let channels: Int

    init(images: Int, from input: FeatureMap, to output: FeatureMap, size: Int) {
        let side = Pass.OutputTransform.outputs
        let down = (output.height + side - 1) / side, across = (output.width + side - 1) / side
        tiles = images * down * across
        outputCount = images * output.height * output.width * output.channels
        self.size = min(size, max(1, tiles))
        channels = max(input.channels, output.channels)
        inputs = WinogradTiles(
            input, tilesDown: down, tilesAcross: across, step: Pass.inputStep, panelRows: self.size)
        outputs = WinogradTiles(output, tilesDown: down, tilesAcross: across, step: side, panelRows: self.size)
    }

    /// Whether what the next block touches is asked for while this one is computed. Filters of many channels, which
    /// stream by meanwhile, would have to wait for it.
    var fetchesAhead: Bool { !hasWideRegisters || channels < 128 }

    private var inputPlanesCount: Int { Panel.aligned(Pass.planes * inputs.planeStride) }
    var outputPlanesCount: Int { Panel.aligned(Pass.planes * outputs.planeStride) }
    private var workspaceCount: Int { Panel.aligned(WinogradTiles.workspaceCount(channels: channels)) }
    var scratchCount: Int { inputPlanesCount + outputPlanesCount + workspaceCount }

    /// The parts of scratch: transformed inputs and outputs, the transforms' workspace (cleared), and what follows.
    func divide(
        _ scratch: Destination
    ) -> (inputs: Destination, outputs: Destination, workspace: Destination, rest: Destination) {
        let outputs = scratch + inputPlanesCount, workspace = outputs + outputPlanesCount
        WinogradTiles.clear(workspace, channels: channels)
        return (scratch, outputs, workspace, workspace + workspaceCount)
    }

    /// `body` gets the tiles of each block and those of the one after it.
    func forEachBlock(_ body: (Range<Int>, _ next: Range<Int>) -> Void) {
        for start in stride(from: 0, to: tiles, by: size) {
            let end = min(tiles, start + size)
            body(start..<end, end..<min(tiles, end + size))
        }
    }
}

extension WinogradScheme {
    /// Tiles of a block, as measured: as few as keep their planes in the L2 cache with room for what flows through it,
    /// but enough to pay for reading the filters, or adding to all planes of their gradient, once a block. Never a
    /// power of two, and with wide registers a multiple of the largest register tile.
    static func blockSize(_ g: ConvolutionGeometry, _ operation: ConvolutionOperation) -> Int {
        let channels = max(g.inChannels, g.outChannels)
        if hasWideRegisters {
            return switch channels {
            case ...16: 36
            case ...32: 24
            case ...64: 12
            case ...128: stride == 1 ? 24 : 12
            case ...256 where stride == 1: operation == .weightGradient ? 72 : 48
            default: stride == 1 ? (operation == .weightGradient ? 72 : 168) : 36
            }
        }
        if operation == .weightGradient {
            return switch channels {
            case ...16: 36
            case ...64: 24
            default: 66
            }
        }
        let small = stride == 1 ? 30 : 18
        return switch channels {
        case ...16 where stride == 1: 36
        case ...64: 18
        case ...128: small
        case ...256: 2 * small + 6
        default: 5 * small + 12
        }
    }
}
