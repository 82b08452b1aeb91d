import Failures

/// Where a setting was made, which decides how an error in it is reported.
enum Origin: Sendable {
    case file(String, line: Int)
    /// The argument of `--set`.
    case override(String)

    var isOverride: Bool {
        if case .override = self { true } else { false }
    }

    func failure(_ problem: String) -> Failure {
        switch self {
        case .file(let source, let line): .badInput("\(source):\(line)", problem)
        case .override(let argument): Failure(.usage, "--set \(escaped(argument)): \(problem)")
        }
    }
}
