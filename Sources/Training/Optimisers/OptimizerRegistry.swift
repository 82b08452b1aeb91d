import Configuration

/// The kinds of `train.optimizer.kind`.
let optimizers: [Kind<any OptimizerConfiguration>] = [
    Kind("sgd", SGD.self) { $0 },
    Kind("adamw", AdamW.self) { $0 },
]
