import CPlatform

/// The vector instructions that this program was built for.
public enum VectorInstructions {
    public static var name: String { String(cString: cplatform_vector_instructions()) }

    /// Those that this machine's processor lacks: the first one in use would end the process without a word.
    public static var missing: String? { cplatform_missing_instructions().map { String(cString: $0) } }
}
