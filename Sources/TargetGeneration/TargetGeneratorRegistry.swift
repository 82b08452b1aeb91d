import Configuration

let targetGenerators: [Kind<any TargetGenerator>] = [
    Kind("score", ScoreBased.self) { $0 },
    Kind("robust-model", RobustModel.self) { $0 },
]
