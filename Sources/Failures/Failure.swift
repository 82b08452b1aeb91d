/// What the world did wrong: files, configs, other processes. Programmers' errors are preconditions instead.
///
/// The program prints `pag: <description>` as one line on standard error and ends with `kind.exitCode`.
public struct Failure: Error, CustomStringConvertible, Sendable, Equatable {
    /// Who or what is to blame, as far as scripts have to know it.
    public enum Kind: Sendable, CaseIterable {
        case checkFailed, usage, badInput, missing, internalError, inputOutput, stoppedOnRequest, watchdog

        /// The process exit code that scripts and schedulers rely on (sysexits.h where it has one).
        public var exitCode: Int32 {
            switch self {
            case .checkFailed: 1
            case .usage: 2
            case .badInput: 65
            case .missing: 69
            case .internalError: 70
            case .inputOutput: 74
            case .stoppedOnRequest: 75
            case .watchdog: 124
            }
        }
    }

    public let kind: Kind
    /// One line of no more than a few thousand characters, whatever from a file stands in it.
    public let description: String

    /// - Parameter description: the place first, then what is wrong and what was expected. Control characters are
    ///   escaped, and what is too long is cut in its middle.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = Self.onOneLine(Self.shortened(description))
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > 4_096 else { return text }
        let scalars = text.unicodeScalars
        return String(scalars.prefix(2_000)) + " [...] " + String(scalars.suffix(500))
    }

    private static func onOneLine(_ text: String) -> String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) }
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            if isControl(scalar) { line += scalar.escaped(asASCII: true) } else { line.unicodeScalars.append(scalar) }
        }
    }

    /// A file whose contents cannot be used. `place` is the file, with line or tensor where that helps.
    public static func badInput(_ place: String, _ problem: String, expected: String? = nil) -> Failure {
        Failure(.badInput, "\(place): \(problem)" + (expected.map { ", expected \($0)" } ?? ""))
    }

    /// A failed system call on a file; `code` is errno as it was right after the call.
    public static func inputOutput(_ path: String, _ action: String, code: Int32) -> Failure {
        Failure(.inputOutput, "\(path): cannot \(action): \(errorText(code))")
    }
}
