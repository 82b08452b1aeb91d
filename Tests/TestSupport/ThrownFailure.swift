import Failures

/// What `body` throws, as the program would print it; nil when it throws nothing.
public func failure(of body: () throws -> Void) -> Failure? {
    do {
        try body()
        return nil
    } catch let failure as Failure {
        return failure
    } catch {
        return Failure(.internalError, "no Failure: \(error)")
    }
}
