import Glibc

/// The system's words for an errno value.
public func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
