import Autodiff
import Checkpoints
import Configuration
import Diffusion
import Failures
import Formats
import Kernels
import Models

/// A denoising network from wherever it was left: a checkpoint of this program, or a folder that diffusers saved.
public struct DenoiserFile {
    public let state: ModelState
    public let process: DiffusionProcess
    /// A hash of the numbers that predictions depend on.
    public let identity: String

    /// Throws `badInput` for what is damaged, no denoiser, or for other images.
    /// - Parameter anyClasses: it is only asked without a class, so its classes need not be the data's.
    public init(_ path: String, _ context: GenerationContext, anyClasses: Bool = false) throws {
        if DiffusersDirectory.isOne(path) {
            let folder = try DiffusersDirectory(path: path, input: context.imageShape)
            guard folder.rows == context.classes + 1 || anyClasses && folder.rows > 0 else {
                throw Failure.badInput(
                    path, "num_class_embeds is \(folder.rows)",
                    expected: "\(context.classes + 1): the classes of \(context.dataset.name) and the empty class")
            }
            try context.require(
                folder.description.input, anyClasses ? context.classes : folder.description.classes, of: path)
            state = try folder.load(in: context.pool)
            try ParameterFiles.requireSound(state, of: path)
            process = context.process
        } else {
            let file = try SafetensorsFile(path: path)
            let description = try ModelDescription(from: file)
            try context.require(description.input, anyClasses ? context.classes : description.classes, of: file.path)
            state = try ParameterFiles.network(description, from: file, .evaluated, in: context.pool)
            guard state.model.predictsNoise, let text = file.metadata["diffusion"] else {
                throw Failure.badInput(file.path, "is not a denoiser's checkpoint")
            }
            process = try Configuration.read(text: text, source: "\(file.path): diffusion")
        }
        var hash = SHA256()
        hash.update(try Configuration.json(of: process))
        hash.update(
            UnsafeRawBufferPointer(
                start: state.parameters.pointer, count: state.parameters.count * MemoryLayout<Scalar>.stride))
        identity = hash.hexDigest()
    }
}
