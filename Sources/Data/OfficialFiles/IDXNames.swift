enum IDXNames {
    /// What a file of `prefix` may be called, in the order of preference.
    static func names(of prefix: String, dimensions: Int) -> [String] {
        ["-", "."].flatMap { separator in
            ["", ".gz"].map { "\(prefix)\(separator)idx\(dimensions)-ubyte\($0)" }
        }
    }
}
