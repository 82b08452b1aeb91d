import Kernels

/// A way to say how much each number of an image matters for a class. A new one is a file here and a line in
/// `explanationMethods`.
public protocol ExplanationMethod: Sendable {
    var name: String { get }
    /// What a person is told of it.
    var summary: String { get }
    /// [H, W, C] for the image of the subject.
    func attributions(_ subject: ExplanationSubject) -> [Scalar]
}
