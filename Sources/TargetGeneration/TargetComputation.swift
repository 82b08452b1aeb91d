import Autodiff
import Data
import Distributed
import Failures
import Formats
import Glibc
import Kernels

/// Computes the targets of a data set over all ranks and stores them, a block of images at a time: no rank holds more
/// than a block, and a killed computation goes on with the blocks that are missing.
public struct TargetComputation {
    public static let tensorName = "targets"
    public static let computedName = "computed"

    private let generator: any PreparedGenerator
    private let dataset: any Dataset
    /// Places in the data set of the images that are computed, ascending.
    private let rows: [Int]
    private let settings: TargetsConfiguration
    private let communicator: any Communicator
    private let pool: MemoryPool

    /// - Parameter rows: the images to compute; the others' targets are zero and marked as missing.
    public init(
        _ generator: any PreparedGenerator, dataset: any Dataset, rows: [Int], _ settings: TargetsConfiguration,
        communicator: any Communicator, pool: MemoryPool
    ) {
        self.generator = generator
        self.dataset = dataset
        self.rows = rows.sorted()
        self.settings = settings
        self.communicator = communicator
        self.pool = pool
    }

    private var classes: Int { dataset.classNames.count }
    private var blocks: Int { (rows.count + settings.block - 1) / settings.block }
    private var elementBytes: Int { settings.element == .f32 ? 4 : 2 }
    private var rowBytes: Int { classes * dataset.shape.count * elementBytes }

    private var tensors: [SharedSafetensors.Tensor] {
        let shape = dataset.shape
        return [
            .init(
                name: Self.tensorName, elementType: settings.element == .f32 ? .float32 : .float16,
                shape: [dataset.count, classes, shape.channels, shape.height, shape.width]),
            .init(name: Self.computedName, elementType: .uint8, shape: [dataset.count]),
        ]
    }

    private var metadata: [String: String] {
        var metadata = generator.identity
        metadata["format"] = "pt"
        metadata["dataset"] = dataset.fingerprint
        metadata["dataset_name"] = dataset.name
        return metadata
    }

    /// What the file will take: bytes on the disk, and how that comes about.
    public var estimate: (bytes: Int, text: String) {
        let bytes = rows.count * rowBytes
        return (
            bytes,
            "\(rows.count) images x \(classes) classes x \(dataset.shape) as \(settings.element.rawValue): "
                + "\(megabytes(bytes)); \(generator.cost)"
        )
    }

    private func megabytes(_ bytes: Int) -> String {
        let (unit, name) = bytes < 1_000_000_000 ? (1_000_000, "MB") : (1_000_000_000, "GB")
        let tenths = (10 * bytes + unit - 1) / unit
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }

    /// Computes what is missing. Collective. Throws `stoppedOnRequest` with everything kept.
    /// - Parameter progress: blocks done on this rank, and how many fell to it.
    public func callAsFunction(
        to path: String, stop: StopRequest, progress: (Int, Int) -> Void
    ) throws {
        guard let done = try prepare(path) else { return }
        let file = try SharedSafetensors(path, metadata: metadata, tensors: tensors)
        let missing = done.indices.filter { !done[$0] }
        let mine = missing.enumerated().filter { $0.offset % communicator.size == communicator.rank }.map(\.element)
        var stopped = false
        for (number, block) in mine.enumerated() {
            communicator.heartbeat.beat("target gradients", step: number)
            if stop.isPending {
                stopped = true
                break
            }
            try compute(block, file)
            progress(number + 1, mine.count)
        }
        if try communicator.anyRank(stopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; run again to go on with \(path)")
        }
        try communicator.barrier()
        if communicator.rank == 0 { try SharedSafetensors.finish(path) }
        try communicator.barrier()
    }

    /// Rank 0 makes or finds the file; all learn which blocks are there. Nil: the file is complete.
    private func prepare(_ path: String) throws -> [Bool]? {
        var answer: [UInt8] = []
        if communicator.rank == 0 {
            if try SharedSafetensors.isComplete(path, metadata: metadata, tensors: tensors) {
                answer = [2]
            } else {
                try requireSpace(path)
                answer = try SharedSafetensors.prepare(
                    path, metadata: metadata, tensors: tensors, blocks: blocks
                ).map { $0 ? 1 : 0 }
            }
        }
        answer = try communicator.broadcast(answer, from: 0)
        return answer == [2] ? nil : answer.map { $0 == 1 }
    }

    private func requireSpace(_ path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var status = statvfs()
        guard statvfs(folder.isEmpty ? "/" : folder, &status) == 0 else { return }
        let free = Int(clamping: UInt64(status.f_bavail)).multipliedReportingOverflow(by: Int(status.f_frsize))
        guard free.overflow || free.partialValue >= estimate.bytes else {
            throw Failure(
                .inputOutput,
                "\(path): needs \(megabytes(estimate.bytes)), but \(megabytes(free.partialValue)) are free")
        }
    }

    private func compute(_ block: Int, _ file: SharedSafetensors) throws {
        let images = rows[(block * settings.block)..<min(rows.count, (block + 1) * settings.block)]
        let shape = dataset.shape
        let pixels = Tensor([images.count, shape.height, shape.width, shape.channels], in: pool) { out in
            for (place, row) in images.enumerated() { dataset.read(row, into: out + place * shape.count) }
        }
        let targets = generator.targets(of: pixels, indices: Array(images))
        // [classes, B, H, W, C] as PyTorch has them, [B, classes, C, H, W].
        let ordered = targets.detached.transposed(-5, -4).transposed(-2, -1).transposed(-3, -2)
        guard contiguousSum(ordered.shape.count, ordered.pointer).isFinite else {
            throw Failure(.checkFailed, "targets of images \(images.first ?? 0) ... are not finite")
        }
        try stored(ordered).withUnsafeBytes { bytes in
            for (place, row) in images.enumerated() {
                let part = UnsafeRawBufferPointer(rebasing: bytes[(place * rowBytes)..<((place + 1) * rowBytes)])
                try file.write(part, to: Self.tensorName, at: row * rowBytes)
                try withUnsafeBytes(of: UInt8(1)) { try file.write($0, to: Self.computedName, at: row) }
            }
        }
        try file.mark(block: block)
    }

    private func stored(_ tensor: Tensor) -> [UInt8] {
        let count = tensor.shape.count
        return withExtendedLifetime(tensor) {
            [UInt8](unsafeUninitializedCapacity: count * elementBytes) { bytes, initialised in
                let raw = UnsafeMutableRawBufferPointer(bytes)
                for i in 0..<count {
                    switch settings.element {
                    case .f32: raw.storeBytes(of: Float(tensor.pointer[i]), toByteOffset: 4 * i, as: Float.self)
                    case .f16: raw.storeBytes(of: Float16(tensor.pointer[i]), toByteOffset: 2 * i, as: Float16.self)
                    }
                }
                initialised = count * elementBytes
            }
        }
    }
}
