import Configuration

/// The kinds of networks, by the names that configurations use.
public enum ModelRegistry {
    static let kinds: [Kind<any Architecture>] = [
        Kind("resnet", ResNet.self) { $0 },
        Kind("resnet18", ResNet18.self) { $0 },
        Kind("preact-resnet18", PreActivationResNet.self) { $0 },
        Kind("wide-resnet", WideResNet.self) { $0 },
        Kind("onnx", ONNXNetwork.self) { $0 },
        Kind("vit", VisionTransformer.self) { $0 },
        Kind("mlp", MultilayerPerceptron.self) { $0 },
        Kind("unet", UNet.self) { $0 },
        Kind("mlp-denoiser", DenoisingPerceptron.self) { $0 },
    ]

    /// Every kind that is one without a file, by name, with the settings that a configuration has by default.
    public static var defaults: [(name: String, architecture: any Architecture)] {
        kinds.map { ($0.name, $0.standard) }.filter { $0.1.files.isEmpty }
    }
}
