import Configuration

/// The kinds of `train.schedule.kind`.
let schedules: [Kind<any Schedule>] = [
    Kind("multistep", MultistepSchedule.self) { $0 },
    Kind("cosine", CosineSchedule.self) { $0 },
    Kind("onecycle", OneCycleSchedule.self) { $0 },
    Kind("constant", ConstantSchedule.self) { $0 },
]
