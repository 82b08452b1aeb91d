// swift-tools-version: 6.1
import Foundation
import PackageDescription

// The instruction set of the nodes. Every node of a job must support it; bits differ between choices. PAG_MARCH names
// it; otherwise it is AVX-512 where the machine that builds has it, or AVX2. A Zen 4, which computes whole registers in
// halves, gains by their number.
let processor = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
let processorHas = Set(processor.split { $0.isWhitespace })
let hasWideRegisters = processorHas.isSuperset(of: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"])
let instructionSet = Context.environment["PAG_MARCH"] ?? (hasWideRegisters ? "x86-64-v4" : "x86-64-v3")
// PAG_SCALAR=double builds the whole program in Double: the tests' exact mode, never for training.
let inDouble = Context.environment["PAG_SCALAR"] == "double"

let clang = ["-march=\(instructionSet)"] + (inDouble ? ["-DPAG_DOUBLE"] : [])
let swiftSettings: [SwiftSetting] =
    [
        .unsafeFlags(clang.flatMap { ["-Xcc", $0] })
    ] + (inDouble ? [.define("PAG_DOUBLE")] : [])
let cSettings: [CSetting] = [.unsafeFlags(clang)]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}
func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}
func tests(of name: String, _ others: [Target.Dependency]) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.target(name: name)] + others, exclude: excluded[name] ?? [],
        swiftSettings: swiftSettings)
}
// Data beside the tests that is read by path.
let excluded = [
    "Checkpoints": ["Diffusers"], "Corruptions": ["Reference"], "Data": ["Images"], "Evaluation": ["Reference"],
    "Models": ["Networks"], "ONNX": ["Networks"],
    "Training": ["Golden", "GoldenRounded", "Losses"],
]
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
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
        .target(name: "CMPI", dependencies: ["COpenMPI"], cSettings: cSettings),
        .target(name: "CImages", dependencies: ["CPNG", "CJPEG"], cSettings: cSettings),
        .target(name: "CPlatform", cSettings: cSettings),
        .target(name: "CLanes", cSettings: cSettings),
        .target(name: "CBFloat16", cSettings: cSettings),
        .target(name: "CGuardPages"),

        module("Failures"),
        module("Figures"),
        module("Randomness"),
        module("Tracing"),
        module("Configuration", ["Failures", "Formats", yams]),
        module("Formats", ["CPlatform", "CZlib", "Failures"]),
        module("ONNX", ["Failures", "Formats"]),
        module("Kernels", ["CLanes", "CBFloat16", "COpenBLAS"]),
        module("Autodiff", ["Failures", "Kernels", "Tracing"]),
        module("Layers", ["Autodiff", "Failures", "Kernels", "ONNX", "Randomness"]),
        module("Models", ["Autodiff", "Configuration", "Failures", "Kernels", "Layers", "ONNX"]),
        module("Diffusion", ["Autodiff", "Configuration", "Failures", "Kernels", "Layers", "Models", "Randomness"]),
        module("Checkpoints", [
            "Autodiff", "Configuration", "Failures", "Formats", "Kernels", "Layers", "Models", "ONNX",
        ]),
        module("Data", ["Autodiff", "CImages", "Failures", "Formats", "Kernels", "Randomness"]),
        module("Corruptions", ["CImages", "Data", "Failures", "Formats", "Kernels", "Randomness"]),
        module("Targets", ["Configuration", "Data", "Failures", "Formats", "Kernels", "Randomness"]),
        module("Distributed", ["CMPI", "CPlatform", "Failures", "Formats", "Kernels", "Tracing"]),
        module("Perturbations", ["Failures", "Kernels", "Randomness"]),
        module(
            "TargetGeneration",
            [
                "Autodiff", "Checkpoints", "Configuration", "Data", "Diffusion", "Distributed", "Failures", "Formats",
                "Kernels", "Layers", "Models",
            ]),
        module(
            "Training",
            [
                "Autodiff", "Checkpoints", "Configuration", "Data", "Diffusion", "Distributed", "Failures", "Figures",
                "Formats", "Kernels", "Layers", "Models", "Perturbations", "Randomness", "TargetGeneration", "Targets",
                "Tracing", logging,
            ]),
        module(
            "Evaluation",
            [
                "Autodiff", "Data", "Distributed", "Failures", "Formats", "Kernels", "Layers", "Models",
                "Perturbations",
                "Randomness",
            ]),
        module("Reporting", ["Failures", "Figures", "Formats"]),
        module(
            "Illustrations",
            [
                "Autodiff", "Data", "Diffusion", "Evaluation", "Failures", "Formats", "Kernels", "Models",
                "Perturbations",
                "Reporting", "Targets",
            ]),
        module("Studies", ["Checkpoints", "Configuration", "Failures", "Figures", "Formats", "Reporting", "Training"]),
        module(
            "Benchmarks",
            [
                "Autodiff", "Data", "Distributed", "Evaluation", "Failures", "Formats", "Kernels", "Layers", "Models",
                "Perturbations",
                "Randomness", "Tracing", "Training",
            ]),
        program(
            "pag",
            [
                "Autodiff", "Benchmarks", "CPlatform", "Checkpoints", "Configuration", "Corruptions", "Data", "Diffusion",
                "Distributed",
                "Evaluation", "Failures", "Formats", "Illustrations", "Kernels", "Models", "ONNX", "Perturbations",
                "Reporting",
                "Studies", "TargetGeneration", "Targets", "Tracing", "Training", argumentParser, logging,
            ]),
        // What the tests of Distributed do under mpirun.
        program("mpi-selftest", ["Distributed", "Failures", "Kernels", "Tracing"]),
        // What several modules' tests share.
        .target(
            name: "TestSupport", dependencies: ["Failures"], path: "Tests/TestSupport", swiftSettings: swiftSettings),
        // Gives the readers of files mutated inputs.
        program(
            "fuzz-readers",
            [
                "Autodiff", "CGuardPages", "Checkpoints", "Configuration", "Data", "Distributed", "Evaluation",
                "Failures",
                "Formats", "Kernels", "Models", "ONNX", "Perturbations", "Reporting", "Targets", "Training",
                argumentParser,
            ]),

        tests(of: "Configuration", ["Failures", "TestSupport"]),
        tests(of: "Formats", ["Failures", "Randomness", "TestSupport"]),
        tests(of: "ONNX", ["Failures", "TestSupport"]),
        tests(of: "Data", ["Autodiff", "Failures", "Formats", "Kernels", "TestSupport"]),
        tests(of: "Corruptions", ["Data", "Failures", "Formats", "Kernels", "TestSupport"]),
        tests(of: "Distributed", ["Failures", "Kernels", "TestSupport"]),
        tests(of: "Kernels", ["Randomness"]),
        tests(of: "Tracing", []),
        tests(of: "Autodiff", ["Kernels", "Randomness"]),
        tests(of: "Layers", ["Autodiff", "Kernels", "Randomness"]),
        tests(
            of: "Models",
            [
                "Autodiff", "Checkpoints", "Configuration", "Failures", "Formats", "Kernels", "ONNX", "TestSupport",
            ]),
        tests(
            of: "Checkpoints",
            [
                "Autodiff", "Configuration", "Failures", "Formats", "Kernels", "Layers", "Models", "TestSupport",
            ]),
        tests(of: "Diffusion", ["Autodiff", "Configuration", "Failures", "Kernels", "Layers", "Models", "Randomness"]),
        tests(
            of: "TargetGeneration",
            [
                "Autodiff", "Configuration", "Data", "Diffusion", "Distributed", "Failures", "Formats", "Kernels",
                "Layers",
                "Models", "Randomness", "TestSupport", "Training", logging,
            ]),
        tests(
            of: "Training",
            [
                "Autodiff", "Checkpoints", "Configuration", "Data", "Distributed", "Failures", "Figures", "Formats",
                "Kernels",
                "Layers", "Models", "Perturbations", "Randomness", "Targets", "TestSupport", logging,
            ]),
        tests(
            of: "Evaluation",
            [
                "Autodiff", "Configuration", "Data", "Distributed", "Failures", "Formats", "Kernels", "Layers",
                "Models",
                "Perturbations", "Randomness", "TestSupport",
            ]),
        tests(of: "Reporting", ["Failures", "Formats", "TestSupport"]),
        tests(of: "Studies", ["Configuration", "Failures", "Formats", "TestSupport"]),
        tests(of: "Benchmarks", ["Distributed", "Formats"]),
    ],
    swiftLanguageModes: [.v6]
)

// PAG_TESTS names modules, joined by commas, whose tests alone are wanted: the package is then these tests and what they
// are made of.
if let wanted = Context.environment["PAG_TESTS"] {
    let targets = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    var pending = wanted.split(separator: ",").map { "\($0)Tests" }, needed: Set<String> = []
    while let name = pending.popLast() {
        guard let target = targets[name], needed.insert(name).inserted else { continue }
        for case .byNameItem(let other, _) in target.dependencies { pending.append(other) }
        for case .targetItem(let other, _) in target.dependencies { pending.append(other) }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}
