/// What an attack has left.
struct AttackSurvivors {
    /// One a sample.
    let flags: [Bool]
    /// Those that were broken by a logit that is not finite; one flag a sample.
    let undefined: [Bool]
    /// Of the nearest misclassified image of each sample that the attack was run on, infinite where none was found, and 0
    /// for the other samples; nil where the attack does not look for them.
    var distances: [Double]?
    /// By the clock, with what it took before a kill and `--resume`.
    let seconds: Double
}
