/// A tensor of a safetensors file, as the file's header describes it.
public struct SafetensorsEntry: Sendable, Equatable {
    public let name: String
    public let elementType: ElementType
    public let shape: [Int]
    /// The place of the bytes, counted from the start of the data region.
    public let range: Range<Int>

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
}
