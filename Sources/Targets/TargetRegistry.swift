import Configuration

/// The target sources by the names that users write.
public enum TargetRegistry {
    /// `plainTargets`, and what is made of one.
    public static let kinds: [Kind<any TargetConfiguration>] =
        plainTargets + [Kind("shuffled", ShuffledClasses.self) { $0 }]
}
