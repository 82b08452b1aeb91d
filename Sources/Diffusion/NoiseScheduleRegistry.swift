import Configuration

let noiseSchedules: [Kind<any NoiseSchedule>] = [
    Kind("linear", LinearNoise.self) { $0 },
    Kind("cosine", CosineNoise.self) { $0 },
]
