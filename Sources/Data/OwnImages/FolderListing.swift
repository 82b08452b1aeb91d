import Failures
import Formats
import Glibc

/// What lies in a folder of images, without what systems and file managers leave there.
struct FolderListing {
    let folders: [String]
    let files: [String]

    /// In the order of the names' bytes. Throws `inputOutput` where the folder cannot be read, and `badInput` for names
    /// that no path can be made of.
    init(_ path: String) throws {
        var folders: [String] = [], files: [String] = []
        for name in try directoryEntries(path) where !Self.isLeftover(name) {
            guard !name.unicodeScalars.contains(where: { $0 == "\u{fffd}" || $0.value < 0x20 || $0.value == 0x7f })
            else { throw Failure.badInput(path, "a name in it is not text: \(name.debugDescription)") }
            var status = stat()
            // A link to nothing is no file.
            guard stat("\(path)/\(name)", &status) == 0 else { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: folders.append(name)
            case S_IFREG: files.append(name)
            default: continue
            }
        }
        self.folders = folders
        self.files = files
    }

    private static func isLeftover(_ name: String) -> Bool {
        name.hasPrefix(".") || ["thumbs.db", "desktop.ini", "__macosx", "@eadir"].contains(name.lowercased())
    }
}

/// The images of a class, as paths below the folder that holds the classes.
struct ClassFolder {
    let name: String
    let images: [String]

    /// Folders within each other that are looked into.
    private static let deepest = 16

    /// All images below `root`/`name`, in the order of their paths' bytes, folder by folder. Other files go to
    /// `others`.
    init(_ root: String, _ name: String, others: inout [String]) throws {
        self.name = name
        var images: [String] = []
        try Self.collect(root, name, depth: 0, &images, &others)
        self.images = images
    }

    private static func collect(
        _ root: String, _ folder: String, depth: Int, _ images: inout [String], _ others: inout [String]
    ) throws {
        let listing = try FolderListing("\(root)/\(folder)")
        for file in listing.files {
            let path = "\(folder)/\(file)"
            switch file.split(separator: ".", omittingEmptySubsequences: false).last?.lowercased() {
            case "png", "jpg", "jpeg", "jpe", "jfif": images.append(path)
            case "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "avif", "heic", "jp2", "jxl":
                throw Failure.badInput(
                    "\(root)/\(path)", "an image of a kind that is not read", expected: "PNG or JPEG images")
            default: others.append("\(root)/\(path)")
            }
        }
        for subfolder in listing.folders {
            guard depth < deepest else {
                throw Failure.badInput("\(root)/\(folder)", "more than \(deepest) folders within each other")
            }
            try collect(root, "\(folder)/\(subfolder)", depth: depth + 1, &images, &others)
        }
    }
}
