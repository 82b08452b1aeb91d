import Configuration

/// The kinds of `loss.alignment.schedule.kind`.
let weightSchedules: [Kind<any WeightSchedule>] = [
    Kind("constant", ConstantWeight.self) { $0 },
    Kind("warmup", WeightWarmup.self) { $0 },
    Kind("step", WeightStep.self) { $0 },
]
