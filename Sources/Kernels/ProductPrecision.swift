/// In which precision the factors of products are: those of convolutions, linear layers and attention. Sums, and all
/// else, are of `Scalar`.
public enum ProductPrecision: String, Sendable, Hashable, CaseIterable {
    /// Factors are taken as they are.
    case float32
    /// Factors are rounded to the nearest number of bfloat16, to the even one of two; their product is then exact in
    /// float32, and summed there.
    case bfloat16
}
