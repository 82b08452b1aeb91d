import Autodiff
import Data
import Distributed
import Failures
import Formats
import Glibc
import Kernels

/// Computes the targets of a data set over all ranks and stores them, a block of images at a time: no rank holds more
/// than a block, and a killed computation goes on with the images that are missing.
public struct TargetComputation {
    private static let tensorName = "targets"
    private static let computedName = "computed"

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
        // A file of other images has to be told from this one; a file of all images needs no word.
        if rows.count < dataset.count {
            var hash = SHA256()
            for row in rows { hash.update(UInt64(row)) }
            metadata["images"] = "\(rows.count) of \(dataset.count), \(hash.hexDigest())"
        }
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

    /// Throws, before anything is computed, where the file cannot be made, or where it would replace another one. The
    /// same on every rank; collective.
    public func requirePlace(_ path: String) throws {
        _ = try communicator.leaderDecides {
            let folder = Formats.folder(of: path)
            guard access(folder, W_OK) == 0 else {
                throw Failure.inputOutput(folder, "write into the folder", code: errno)
            }
            var status = stat()
            guard stat(path, &status) == 0, status.st_size > 0 || status.st_mode & S_IFMT != S_IFREG else { return "" }
            guard status.st_mode & S_IFMT == S_IFREG,
                try SharedSafetensors.isComplete(path, metadata: metadata, tensors: tensors)
            else {
                throw Failure(
                    .usage,
                    "\(path): is there already, and not of these settings, data and network; remove it, or choose "
                        + "another --out")
            }
            return ""
        }
    }

    /// Computes what is missing. Collective. Throws `stoppedOnRequest` with everything kept, and `checkFailed` for
    /// targets that are not finite or too large for the element, the same on every rank.
    /// - Parameter progress: blocks done on this rank, and how many fell to it.
    /// - Returns: how many target gradients were computed, and how many of them are zero.
    @discardableResult
    public func callAsFunction(
        to path: String, stop: StopRequest, progress: (Int, Int) -> Void
    ) throws -> (computed: Int, zero: Int) {
        guard let missing = try prepare(path) else { return (0, 0) }
        let file = try SharedSafetensors(path, metadata: metadata, tensors: tensors)
        let size = settings.block * communicator.size
        let mine = stride(from: settings.block * communicator.rank, to: missing.count, by: size).map {
            Array(missing[$0..<min($0 + settings.block, missing.count)])
        }
        var stopped = false, problem = "", zero = 0
        for (number, block) in mine.enumerated() {
            communicator.heartbeat.beat("target gradients", step: number)
            stopped = stop.isPending
            if stopped { break }
            do { zero += try compute(block, file) } catch let failure as Failure where failure.kind == .checkFailed {
                problem = failure.description
                break
            }
            progress(number + 1, mine.count)
        }
        if let problem = try communicator.allGather(Array(problem.utf8)).first(where: { !$0.isEmpty }) {
            throw Failure(.checkFailed, String(decoding: problem, as: UTF8.self))
        }
        if try communicator.anyRank(stopped) {
            throw Failure(.stoppedOnRequest, "stopped on request; run again to go on with \(path)")
        }
        try communicator.barrier()
        if communicator.rank == 0 { try SharedSafetensors.finish(path) }
        return (missing.count * classes, try communicator.allGatherValue(zero).reduce(0, +))
    }

    /// Rank 0 makes or finds the file; all learn which places in `rows` are missing. Nil: the file is complete.
    private func prepare(_ path: String) throws -> [Int]? {
        var answer: [UInt8] = []
        if communicator.rank == 0 {
            if try SharedSafetensors.isComplete(path, metadata: metadata, tensors: tensors) {
                answer = [2]
            } else {
                // Image by image, so that another size of blocks can go on.
                let done = try SharedSafetensors.prepare(
                    path, metadata: metadata, tensors: tensors, blocks: rows.count)
                try requireSpace(path, bytes: done.count { !$0 } * rowBytes)
                answer = done.map { $0 ? 1 : 0 }
            }
        }
        answer = try communicator.broadcast(answer, from: 0)
        return answer == [2] ? nil : answer.indices.filter { answer[$0] == 0 }
    }

    private func requireSpace(_ path: String, bytes: Int) throws {
        var status = statvfs()
        guard statvfs(folder(of: path), &status) == 0 else { return }
        let free = Int(clamping: UInt64(status.f_bavail)).multipliedReportingOverflow(by: Int(status.f_frsize))
        guard free.overflow || free.partialValue >= bytes else {
            throw Failure(
                .inputOutput, "\(path): needs \(megabytes(bytes)), but \(megabytes(free.partialValue)) are free")
        }
    }

    /// - Parameter places: of the images in `rows`.
    /// - Returns: how many of their targets are zero.
    private func compute(_ places: [Int], _ file: SharedSafetensors) throws -> Int {
        let images = places.map { rows[$0] }
        let targets = generator.targets(of: dataset.tensor(of: images, in: pool), indices: images)
        // [classes, B, H, W, C] as PyTorch has them, [B, classes, C, H, W].
        let ordered = targets.detached.transposed(-5, -4).channelsFirst()
        guard contiguousSum(ordered.shape.count, ordered.pointer).isFinite else {
            throw Failure(.checkFailed, "targets of images \(listed(images)) are not finite")
        }
        guard settings.element == .f32 || ordered.array.allSatisfy({ Float16($0).isFinite }) else {
            throw Failure(
                .checkFailed, "targets of images \(listed(images)) are too large for f16; set targets.element to f32")
        }
        try stored(ordered).withUnsafeBytes { bytes in
            for (place, row) in images.enumerated() {
                let part = UnsafeRawBufferPointer(rebasing: bytes[(place * rowBytes)..<((place + 1) * rowBytes)])
                try file.write(part, to: Self.tensorName, at: row * rowBytes)
                try withUnsafeBytes(of: UInt8(1)) { try file.write($0, to: Self.computedName, at: row) }
            }
        }
        try file.mark(blocks: places)
        let size = dataset.shape.count
        return stride(from: 0, to: ordered.shape.count, by: size).count { start in
            (0..<size).allSatisfy { ordered.pointer[start + $0] == 0 }
        }
    }

    private func listed(_ images: [Int]) -> String { "\(images[0]) ... \(images[images.count - 1])" }

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
