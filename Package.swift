// swift-tools-version: 6.1
import PackageDescription

// The instruction set of the nodes. Every node of a job must support it; bits differ between choices.
let instructionSet = Context.environment["PAG_MARCH"] ?? "x86-64-v3"
// PAG_SCALAR=double builds the whole program in Double: the tests' exact mode, never for training.
let inDouble = Context.environment["PAG_SCALAR"] == "double"

let machine = ["-march=\(instructionSet)"]
let swiftSettings: [SwiftSetting] = [
    .unsafeFlags(machine.flatMap { ["-Xcc", $0] }),
] + (inDouble ? [.define("PAG_DOUBLE")] : [])
let cSettings: [CSetting] = [.unsafeFlags(machine)]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}
func tests(of name: String, _ dependencies: [Target.Dependency], resources: [Resource]? = nil) -> Target {
    .testTarget(name: "\(name)Tests", dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

// A module may import only what its line lists; ARCHITECTURE.md draws the picture.
let package = Package(
    name: "pag",
    products: [.executable(name: "pag", targets: ["pag"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CMPI", dependencies: ["COpenMPI"], cSettings: cSettings),
        .target(name: "CPlatform", cSettings: cSettings),

        module("Failures"),
        module("Randomness"),
        module("Configuration", ["Failures", yams]),
        module("Formats", ["Failures", "CZlib"]),
        module("Kernels", ["COpenBLAS"]),
        module("Autodiff", ["Kernels"]),
        module("Layers", ["Autodiff", "Randomness"]),
        module("Models", ["Layers", "Configuration", "Failures"]),
        module("Data", ["Failures", "Formats", "Kernels", "Randomness"]),
        module("Targets", ["Data", "Configuration", "Failures", "Formats", "Kernels", "Randomness"]),
        module("Distributed", ["CMPI", "CPlatform", "Failures", "Kernels"]),
        module("Checkpoints", ["Failures", "Formats", "Models"]),
        module("Training", ["Data", "Targets", "Models", "Distributed", "Checkpoints", "Configuration", logging]),
        module("Evaluation", ["Data", "Models", "Distributed", "Checkpoints"]),
        module("Reporting", ["Formats", "Failures"]),
        module("Illustrations", ["Evaluation", "Targets", "Reporting"]),
        module("Benchmarks", ["Training"]),
        .executableTarget(
            name: "pag",
            dependencies: ["Training", "Evaluation", "Illustrations", "Reporting", "Benchmarks", argumentParser, logging],
            swiftSettings: swiftSettings),
    ],
    swiftLanguageModes: [.v6]
)
