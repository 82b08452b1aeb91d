/// The version of this program, which its files carry.
public enum ProgramVersion {
    /// As `pag --version` prints it.
    public static let text = "1.0.0"
}
