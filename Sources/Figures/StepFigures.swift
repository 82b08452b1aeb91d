/// What the log says of a step.
extension Figure {
    /// All that is minimised, the mean over the batch.
    public static let loss = Figure("loss", "Training loss", .fittedOrLogarithmic)
    /// Of the images that the loss takes it of: perturbed ones for `at`, `mart` and `n-fgsm`.
    public static let crossEntropy = Figure("ce", "Cross-entropy", .fittedOrLogarithmic)
    /// Of the images as they are, where these go through the network, else of the perturbed ones.
    public static let accuracy = Figure("train_acc", "Training accuracy", .fraction)
    /// What the loss adds to the cross-entropy, without the alignment term.
    public static let regularisation = Figure("regularisation", "Regularisation", .fittedOrLogarithmic)
    /// Of images that an attack has perturbed.
    public static let perturbedAccuracy = Figure("perturbed_acc", "Training accuracy on perturbed images", .fraction)
    /// 1 - cosine, summed over all classes.
    public static let alignment = Figure("alignment", "Alignment loss", .fittedOrLogarithmic)
    /// The mean over images and their target classes.
    public static let cosine = Figure("cosine", "Cosine between gradients and targets", .fitted)
    /// L2, the mean over images and their target classes.
    public static let inputGradientNorm = Figure("gradient_norm", "Gradient norm", .fittedOrLogarithmic)
    /// The part of the input gradients that are zero.
    public static let zeroGradients = Figure("zero_gradients", "Images with a vanished gradient", .fitted)
    /// The part of the target gradients that are zero, or too large to have a norm.
    public static let emptyTargets = Figure("empty_targets", "Targets that teach nothing", .fitted)
    public static let learningRate = Figure("lr", "Learning rate", .fittedOrLogarithmic)
    /// By the clock, over all ranks.
    public static let imagesPerSecond = Figure("images_per_s", "Images per second", .fitted)
    /// L2, before clipping.
    public static let parameterGradientNorm = Figure(
        "parameter_gradient_norm", "Norm of the whole gradient", .fittedOrLogarithmic)

    /// A denoiser's errors: the time steps in so many equal ranges, the least noise first.
    public static let errorByNoiseLevel = (1...8).map {
        Figure("error_level_\($0)", "Error at noise level \($0) of 8", .fittedOrLogarithmic)
    }

    /// All that a step can say.
    public static let ofSteps =
        [
            loss, crossEntropy, regularisation, alignment, cosine, accuracy, perturbedAccuracy, learningRate,
            imagesPerSecond, inputGradientNorm, zeroGradients, emptyTargets, parameterGradientNorm,
        ] + errorByNoiseLevel
}
