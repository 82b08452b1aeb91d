/// What the log says of an epoch: held-out images, and time.
extension Figure {
    /// Of classifiers, with the parameters that are evaluated: the averaged ones where there are any.
    public static let heldOutAccuracy = Figure("clean_acc", "Held-out accuracy, clean", .fraction)
    /// Under the monitor's attack.
    public static let heldOutRobustAccuracy = Figure("robust_acc", "Held-out accuracy under attack", .fraction)
    /// Of input gradients, the mean over images and classes.
    public static let heldOutCosine = Figure("cosine", "Held-out cosine to the targets, clean", .fitted)
    /// At images that an attack has perturbed, to the targets of the clean ones.
    public static let heldOutPerturbedCosine = Figure(
        "cosine_perturbed", "Held-out cosine to the targets under attack", .fitted)
    /// L2, of the cross-entropy's gradient by the image; the mean over images.
    public static let heldOutLossGradientNorm = Figure(
        "loss_gradient_norm", "Held-out norm of the loss's input gradient", .fittedOrLogarithmic)
    /// |CE(x + δ) - CE(x) - <δ, ∇CE(x)>| with x + δ an attacked image (Qin et al. 2019): how far the loss is from being
    /// linear where attacks go.
    public static let heldOutLinearityGap = Figure(
        "linearity_gap", "Held-out gap between the loss and its linearisation under attack", .fittedOrLogarithmic)
    /// A denoiser's.
    public static let heldOutError = Figure("loss", "Held-out error", .fittedOrLogarithmic)
    /// By the clock, of the epoch's steps.
    public static let seconds = Figure("seconds", "Seconds", .fitted)
    /// Of all ranks since the last epoch's end, its monitor included, or since the program began.
    public static let processorSeconds = Figure("processor_seconds", "Seconds of processor time", .fitted)

    /// Each with one number.
    public static let ofEpochs = [
        heldOutAccuracy, heldOutRobustAccuracy, heldOutCosine, heldOutPerturbedCosine, heldOutLossGradientNorm,
        heldOutLinearityGap, heldOutError, seconds, processorSeconds,
    ]

    public static let heldOutCosineByClass = Figure(
        "cosine_per_class", "Held-out cosine to the targets by class", .fitted)
    public static let heldOutPerturbedCosineByClass = Figure(
        "cosine_perturbed_per_class", "Held-out cosine to the targets by class, under attack", .fitted)

    /// Each with an object: a number for every class.
    public static let ofClasses = [heldOutCosineByClass, heldOutPerturbedCosineByClass]
}
