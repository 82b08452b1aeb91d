/// The version of this program, which its files carry.
public enum ProgramVersion {
    public static let text = "1.0.0"
}
