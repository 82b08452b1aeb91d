import Failures

/// Where the official files of a data set lie: in the folder that is given or in one below it, as the archives and
/// torchvision make them.
struct OfficialFolder {
    let title: String
    /// How a SPEC says it.
    let spec: String
    /// "" is the folder itself.
    let subfolders: [String]
    /// Any of these tells that it is there.
    let files: [String]

    static let cifar10 = OfficialFolder(
        title: "CIFAR-10", spec: "cifar10:DIR", subfolders: ["", "cifar-10-batches-bin"],
        files: (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"])
    static let cifar10Python = OfficialFolder(
        title: "CIFAR-10", spec: "cifar10:DIR", subfolders: ["", "cifar-10-batches-py"],
        files: (1...5).map { "data_batch_\($0)" } + ["test_batch"])
    static let cifar100 = OfficialFolder(
        title: "CIFAR-100", spec: "cifar100:DIR", subfolders: ["", "cifar-100-binary"],
        files: ["train.bin", "test.bin"])
    static let cifar100Python = OfficialFolder(
        title: "CIFAR-100", spec: "cifar100:DIR", subfolders: ["", "cifar-100-python"], files: ["train", "test"])
    static let stl10 = OfficialFolder(
        title: "STL-10", spec: "stl10:DIR", subfolders: ["", "stl10_binary"], files: ["train_X.bin", "test_X.bin"])
    static let mnist = OfficialFolder(
        title: "MNIST or Fashion-MNIST", spec: "mnist:DIR or fashion-mnist:DIR", subfolders: ["", "MNIST/raw", "raw"],
        files: IDXNames.names(of: "train-images", dimensions: 3))
    static let fashionMNIST = OfficialFolder(
        title: "MNIST or Fashion-MNIST", spec: "mnist:DIR or fashion-mnist:DIR",
        subfolders: ["", "FashionMNIST/raw", "raw"], files: mnist.files)

    private static let all = [cifar10, cifar10Python, cifar100, cifar100Python, stl10, mnist, fashionMNIST]

    /// The folder that holds one of the files, nil where there is none.
    func find(in directory: String) -> String? {
        subfolders.map { $0.isEmpty ? directory : "\(directory)/\($0)" }.first { folder in
            files.contains { DataFile.isFile("\(folder)/\($0)") }
        }
    }

    /// The data set whose files are there.
    static func evident(in directory: String) -> OfficialFolder? { all.first { $0.find(in: directory) != nil } }

    /// Throws `Failure.badInput` where the folder evidently holds something else than files of `title`.
    static func requireNothingElse(in directory: String, than title: String) throws {
        if let other = all.first(where: { $0.title != title && $0.find(in: directory) != nil }) {
            throw Failure.badInput(
                directory, "holds the files of \(other.title)", expected: "those of \(title); or say \(other.spec)")
        }
        let listing = try FolderListing(directory)
        if let archive = listing.files.first(where: { isArchive($0) }) {
            throw Failure.badInput(directory, "holds the archive \(archive)", expected: "the files that are in it")
        }
        if let array = listing.files.first(where: { $0.hasSuffix(".npz") }) {
            throw Failure.badInput(
                directory, "holds \(array)", expected: "the official files of \(title); or say npz:FILE")
        }
        var others: [String] = []
        let classes = try listing.folders.prefix(10).filter {
            try !ClassFolder(directory, $0, others: &others).images.isEmpty
        }
        if classes.count >= 2 {
            throw Failure.badInput(
                directory, "holds folders of images", expected: "the official files of \(title); or say folder:DIR")
        }
    }

    private static func isArchive(_ name: String) -> Bool {
        [".tar.gz", ".tgz", ".tar", ".zip"].contains { name.lowercased().hasSuffix($0) }
    }
}
