/// How the tiles of a batch go through scratch: `size` at a time, as patches of input and as tiles of output.
struct WinogradBlock<Pass: WinogradPass> {
    let inputs, outputs: WinogradTiles
    /// Tiles in all, and tiles of one block.
    let tiles, size: Int
    private let channels: Int

    init(images: Int, from input: FeatureMap, to output: FeatureMap, size: Int) {
        let side = Pass.OutputTransform.outputs
        let down = (output.height + side - 1) / side, across = (output.width + side - 1) / side
        tiles = images * down * across
        self.size = min(size, max(1, tiles))
        channels = max(input.channels, output.channels)
        inputs = WinogradTiles(
            input, tilesDown: down, tilesAcross: across, step: Pass.inputStep, panelRows: self.size)
        outputs = WinogradTiles(output, tilesDown: down, tilesAcross: across, step: side, panelRows: self.size)
    }

    private var inputCount: Int { Panel.aligned(Pass.planes * inputs.planeStride) }
    var outputCount: Int { Panel.aligned(Pass.planes * outputs.planeStride) }
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

    /// `body` gets the tiles of each block and those of the one after it.
    func forEachBlock(_ body: (Range<Int>, _ next: Range<Int>) -> Void) {
        for start in stride(from: 0, to: tiles, by: size) {
            let end = min(tiles, start + size)
            body(start..<end, end..<min(tiles, end + size))
        }
    }
}
