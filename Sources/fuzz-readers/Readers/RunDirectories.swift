import Formats
import Reporting

/// A run directory in which one file is the input, reported, with other runs beside it.
private func reported(_ name: String, _ input: [UInt8], beside others: [String] = [], _ folder: Scratch) throws {
    try folder.write(input, to: "run/\(name)")
    let report = try Report(runDirectories: (["run"] + others).map { "\(folder.path)/\($0)" })
    _ = (report.html(), report.table(), report.finding)
}

var metrics: FuzzedReader {
    FuzzedReader(
        name: "metrics", share: 80,
        seeds: [
            """
            {"kind":"step","step":1,"epoch":0,"loss":2.3,"ce":2.1,"alignment":0.2,"cosine":0.8,"lr":0.1,"images_per_s":9.5}
            {"kind":"step","step":2,"epoch":0,"loss":null,"train_acc":0.5}
            {"kind":"epoch","epoch":1,"clean_acc":0.9,"robust_acc":0.4,"seconds":2.5,"cosine_per_class":{"a":0.1,"b":null}}
            {"kind":"event","event":"collapse","message":"text","step":2}

            """
        ].map { Array($0.utf8) },
        mutation: Mutation(
            structure: .text, words: ["\n{\"kind\":\"step\",\"step\":1}\n", "\"loss\":1e300,", "\"kind\":\"epoch\","])
    ) { input, folder in try reported("metrics.jsonl", input, folder) }
}

var robustness: FuzzedReader {
    FuzzedReader(
        name: "robustness", share: 80,
        seeds: [
            """
            {"model": "best", "dataset": "digits", "samples": 100, "seed": 1, "ranks": 2, "clean_acc": 0.9,
             "threat": {"norm": "l2", "epsilon": 0.5},
             "attacks": [{"name": "pgd", "steps": 20, "robust_acc": 0.4, "seconds": 1.5}],
             "robust_acc": 0.4, "curve": [{"epsilon": 0.25, "robust_acc": 0.5}],
             "checks": [{"name": "c", "ok": false, "value": 0.5}], "notes": ["n"]}
            """
        ].map { Array($0.utf8) },
        mutation: Mutation(structure: .text, words: ["\"epsilon\": 1e300", "\"norm\": \"linf\"", "\"name\":"])
    ) { input, folder in try reported("eval/robustness.json", input, folder) }
}

var certificate: FuzzedReader {
    FuzzedReader(
        name: "certificate", share: 80,
        seeds: [
            """
            {"sigma": 0.25, "n": 1000, "alpha": 0.001, "attack": {"steps": 20, "attacked": 2, "broken": 0},
             "images": [{"label": 1, "prediction": 1, "radius": 0.6}, {"label": 2, "prediction": 1, "radius": 0.3},
              {"label": 0, "prediction": null, "radius": 0}]}
            """
        ].map { Array($0.utf8) },
        mutation: Mutation(structure: .text, words: ["\"radius\": 1e300", "\"prediction\": 1", "{\"label\": 1},"])
    ) { input, folder in try reported("certificate/certificate.json", input, folder) }
}

var corruptions: FuzzedReader {
    FuzzedReader(
        name: "corruptions", share: 160,
        seeds: [
            """
            {"dataset": "digits", "source": "builtin", "seed": 1, "samples": 100, "clean_acc": 0.9,
             "corruptions": [{"name": "fog", "accuracies": [0.8, 0.7, 0.6, null, 0.4], "mean_error": 0.4}],
             "mean_corruption_error": 0.4, "mean_corruption_error_of_15": null}
            """
        ].map { Array($0.utf8) },
        mutation: Mutation(structure: .text, words: ["\"accuracies\": [", "\"name\":", "1e300,", "{},"])
    ) { input, folder in try reported("eval/corruptions.json", input, folder) }
}

var pictures: FuzzedReader {
    FuzzedReader(
        name: "pictures", share: 160,
        seeds: [
            Array(#"[{"file": "a.png", "title": "t", "caption": "c"}, {"file": "b.png"}]"#.utf8)
        ],
        mutation: Mutation(structure: .text, words: ["a.png", "b.png", "../", "pictures.json", "\"file\":"])
    ) { input, folder in
        let png = RasterImage(width: 2, height: 1, channels: 1, pixels: [0, 9]).png()
        try folder.write(png, to: "run/pictures/a.png")
        // The end of the input is a picture's beginning.
        try folder.write(png + input.suffix(64), to: "run/pictures/b.png")
        try reported("pictures/pictures.json", input, folder)
    }
}

/// Two runs, whose configurations are compared.
var runConfiguration: FuzzedReader {
    FuzzedReader(
        name: "run-configuration", share: 80,
        seeds: ["loss:\n  kind: pag\n  alignment:\n    weight: 0.5\ntrain:\n  epochs: 3\n"].map { Array($0.utf8) },
        mutation: Mutation(structure: .text, words: ["  ", "    ", ":\n", "a: 1\n", "loss:\n", "kind: vanilla\n"])
    ) { input, folder in
        try folder.write(Array("loss:\n  kind: vanilla\n".utf8), to: "twin/config.yaml")
        try reported("config.yaml", input, beside: ["twin"], folder)
    }
}
