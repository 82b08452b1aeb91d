/// How the tiles of a batch go through scratch: `size` at a time, as patches of input and as tiles of output.
struct WinogradBlock<Scheme: WinogradScheme> {
    let inputs, outputs: WinogradTiles
    /// Tiles in all, and tiles of one block.
    let tiles, size: Int
    private let channels: Int

    init(_ g: ConvolutionGeometry, size: Int) {
        let side = Scheme.tile
        tiles = g.images * ((g.height + side - 1) / side) * ((g.width + side - 1) / side)
        self.size = min(size, max(1, tiles))
        channels = max(g.inChannels, g.outChannels)
        inputs = WinogradTiles(
            height: g.height, width: g.width, channels: g.inChannels, tile: side, panelRows: self.size)
        outputs = WinogradTiles(
            height: g.height, width: g.width, channels: g.outChannels, tile: side, panelRows: self.size)
    }

    private var inputCount: Int { Panel.aligned(Scheme.planes * inputs.planeStride) }
    private var outputCount: Int { Panel.aligned(Scheme.planes * outputs.planeStride) }
    private var workspaceCount: Int { Panel.aligned(WinogradTiles.workspaceCount(channels: channels)) }
    var scratchCount: Int { inputCount + outputCount + workspaceCount }

    /// The parts of scratch: transformed inputs and outputs, the transforms' workspace (cleared), and what follows.
    func divide(
        _ scratch: Destination
    ) -> (inputs: Destination, outputs: Destination, workspace: Destination, rest: Destination) {
        let outputs = scratch + inputCount, workspace = outputs + outputCount
        WinogradTiles.clear(workspace, channels: channels)
        return (scratch, outputs, workspace, workspace + workspaceCount)
    }

    func forEachBlock(_ body: (Range<Int>) -> Void) {
        for start in stride(from: 0, to: tiles, by: size) { body(start..<min(tiles, start + size)) }
    }
}
