/// What an attack has left.
struct AttackSurvivors {
    /// One a sample.
    let flags: [Bool]
    /// How many were broken by a logit that is not finite.
    let undefined: Int
    /// By the clock, with what it took before a kill and `--resume`.
    let seconds: Double
}
