import Failures

/// What a file evidently is, told by its contents alone: for the refusal of one that is something else than a reader
/// expects.
public enum FileFormat: Sendable, Equatable, CaseIterable {
    case empty, zeros
    // Arrays and networks
    case safetensors, pytorch, legacyPyTorch, pickle, cifarPython, npy, npz, hdf5, onnx, tflite, gguf, matlab, parquet
    case arrow, idx, tfRecord, sqlite
    // Archives and compressed files
    case zip, tar, gzip, xz, zstd, bzip2, lz4, sevenZip, rar
    // Pictures and documents
    case png, jpeg, gif, webp, bmp, tiff, pdf
    // Text
    case lfsPointer, annexPointer, webPage, xml, json, yaml, script, text, utf16, utf32
    case program

    /// As the end of a sentence: "is a ZIP archive".
    public var noun: String {
        switch self {
        case .empty: "empty"
        case .zeros: "nothing but zeros"
        case .safetensors: "a safetensors file"
        case .pytorch: "a PyTorch pickle"
        case .legacyPyTorch: "a PyTorch pickle of a version before 1.6"
        case .pickle: "a Python pickle"
        case .cifarPython: "a batch of CIFAR's Python version"
        case .npy: "a NumPy array (.npy)"
        case .npz: "an archive of NumPy arrays (.npz)"
        case .hdf5: "an HDF5 file"
        case .onnx: "an ONNX network"
        case .tflite: "a TensorFlow Lite network"
        case .gguf: "a GGUF network"
        case .matlab: "a MATLAB file"
        case .parquet: "a Parquet table"
        case .arrow: "an Arrow table"
        case .idx: "an IDX file"
        case .tfRecord: "a TFRecord file"
        case .sqlite: "an SQLite database"
        case .zip: "a ZIP archive"
        case .tar: "a tar archive"
        case .gzip: "compressed by gzip"
        case .xz: "compressed by xz"
        case .zstd: "compressed by zstd"
        case .bzip2: "compressed by bzip2"
        case .lz4: "compressed by lz4"
        case .sevenZip: "a 7z archive"
        case .rar: "a RAR archive"
        case .png: "a PNG picture"
        case .jpeg: "a JPEG picture"
        case .gif: "a GIF picture"
        case .webp: "a WebP picture"
        case .bmp: "a BMP picture"
        case .tiff: "a TIFF picture"
        case .pdf: "a PDF document"
        case .lfsPointer: "a pointer of Git LFS, not the file itself"
        case .annexPointer: "a pointer of git-annex, not the file itself"
        case .webPage: "a web page"
        case .xml: "an XML document"
        case .json: "a JSON text"
        case .yaml: "a YAML text"
        case .script: "a script"
        case .text: "a plain text"
        case .utf16: "a text in UTF-16"
        case .utf32: "a text in UTF-32"
        case .program: "a program"
        }
    }

    /// How to come from this to what pag reads, or to what was meant.
    var advice: String? {
        switch self {
        case .empty, .zeros: "was it copied or downloaded whole?"
        case .pytorch, .legacyPyTorch, .pickle:
            "in Python, safetensors.torch.save_file(torch.load(FILE, map_location=\"cpu\"), \"FILE.safetensors\") "
                + "converts a state_dict"
        case .hdf5, .npz: "in Python, safetensors.numpy.save_file(arrays, \"FILE.safetensors\") writes a dictionary"
        case .zip, .tar, .gzip, .xz, .zstd, .bzip2, .lz4, .sevenZip, .rar: "unpack it first"
        case .lfsPointer: "git lfs pull fetches it"
        case .annexPointer: "git annex get fetches it"
        case .webPage, .xml: "was the download refused?"
        default: nil
        }
    }

    /// Texts of any kind, for readers of a text format: what is wrong with one, its parser knows better.
    public static let texts: [FileFormat] = [.json, .yaml, .script, .text, .utf16]

    /// The refusal of a file that evidently has another format than those `expected`; nil where it may well have one
    /// of them, or nobody knows.
    /// - Parameter words: what is expected, as the end of a sentence.
    public static func refusal(
        _ path: String, _ bytes: UnsafeRawBufferPointer, expected: [FileFormat], words: String
    ) -> Failure? {
        guard let found = evident(in: bytes), !expected.contains(found) else { return nil }
        let advice = found.advice.map { "; \($0)" } ?? ""
        return .badInput(path, "is \(found.noun)", expected: words + advice)
    }
}
