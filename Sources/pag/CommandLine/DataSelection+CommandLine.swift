import ArgumentParser
import Configuration
import Data
import Failures
import Formats
import Training

/// Which test images a command takes.
struct DataOptions: ParsableArguments {
    @Option(help: "The data whose test images are taken. Default: the checkpoint's own.")
    var data: String?

    @Option(help: "Classes of the data, separated by commas, or all. Default: the checkpoint's own.")
    var classes: String?

    @Option(help: "HxW, what the images are resized to. Default: the checkpoint's own data.resize.")
    var resize: String?
}

extension DataSelection {
    /// What the command line says, and where it is silent the checkpoint's configuration. Throws `usage` where neither
    /// names data.
    /// - Parameter file: nil where the network is in no checkpoint.
    init(of file: SafetensorsFile?, _ path: String, _ options: DataOptions) throws {
        let text = file?.metadata["config"]
        let configuration = try text.map {
            try Configuration.read(RunConfiguration.self, text: $0, source: "\(path): config")
        }
        guard let spec = options.data ?? file?.metadata["dataset"] ?? configuration?.data.dataset else {
            throw Failure(.usage, "\(path) names no data; give --data")
        }
        self = configuration?.data.selection ?? DataSelection(spec)
        self.spec = spec
        if let classes = options.classes {
            let names = classes.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            self.classes = classes == "all" ? nil : names
        }
        if let resize = options.resize { size = try ImageSize(commandLine: resize) }
    }
}

extension ImageSize {
    /// From a user's words, such as `32x32`. Throws `usage`.
    init(commandLine text: String) throws {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sides.count == 2, sides.allSatisfy((1...4096).contains) else {
            throw Failure(.usage, "resize \"\(text)\", expected height and width, such as 32x32")
        }
        self.init(height: sides[0], width: sides[1])
    }
}
