import Configuration
import Failures
import Formats
import Training

var json: FuzzedReader {
    FuzzedReader(
        name: "json", share: 3,
        seeds: [
            #"{"a": [1, -2.5e3, true, null], "b": {"c": "dé\u00e9\ud83d\ude00\n"}, "": []}"#,
            #"[[[]], {"x": {"y": {"z": 0.1}}}, "text", 12345678901234567890]"#,
        ].map { Array($0.utf8) },
        mutation: Mutation(structure: .text)
    ) { input, folder in
        let value = try folder.lend(input) { try JSONValue.parse($0, source: "input") }
        // What was read is written and read again.
        for isPretty in [false, true] {
            guard try JSONValue.parse(value.text(pretty: isPretty), source: "written") == value else {
                throw Failure(.internalError, "the written value is another one")
            }
        }
    }
}

var text: FuzzedReader {
    FuzzedReader(
        name: "text", share: 3,
        seeds: [
            Array("seed: 1\r\nloss: {kind: pag}\r\n".utf8), [0xff, 0xfe, 0x61, 0, 0x0a, 0], [0xfe, 0xff, 0, 0x61],
            [0xef, 0xbb, 0xbf] + Array("# é\u{301}\n".utf8), [0x80, 2] + Array("}q\u{1}(U\u{b}batch_labelq\u{2}".utf8),
            Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 22) + [5, 0, 0, 0] + Array("x.npy".utf8),
            TFRecord.frame([1, 2, 3]), Array("<!DOCTYPE html>".utf8),
            [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4],
        ],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        try folder.lend(input) { bytes in
            _ = FileFormat.evident(in: bytes)
            let text = try EditedText.decode(bytes, source: "input")
            _ = text.quoted
        }
    }
}

var gzip: FuzzedReader {
    FuzzedReader(
        name: "gzip", share: 5,
        seeds: [
            Gzip.deflate([]), Gzip.deflate(Array("some text, some text, some text".utf8)),
            Gzip.deflate([UInt8](repeating: 7, count: 100_000)), Gzip.deflate([1, 2]) + Gzip.deflate([3]),
        ],
        mutation: Mutation(structure: .bytes)
    ) { input, folder in
        let output = try folder.lend(input) { try Gzip.inflate($0, limit: 50_000, source: "input") }
        guard output.count <= 50_000 else { throw Failure(.internalError, "\(output.count) bytes") }
    }
}

var configuration: FuzzedReader {
    FuzzedReader(
        name: "configuration", share: 40,
        seeds: [
            """
            seed: 7
            data: {dataset: digits, limit: 320, augment: {crop: 1, flip: true}}
            model: {kind: resnet, widths: [8], blocks: [1], activation: gelu}
            loss: {alignment: {weight: 0.5, classesPerImage: 3}}
            train: {epochs: 20, batch: 32, shard: 8, ema: 0.99}
            """,
            "task: denoiser\nmodel:\n  kind: unet\ndiffusion:\n  steps: 10\n# done\n",
            "loss:\n  kind: at\n  attack: {norm: linf, epsilon: \"8/255\", steps: 10}\n",
            #"{"seed": 1, "train": {"schedule": {"kind": "multistep", "milestones": [0.5, 0.75]}}}"#,
        ].map { Array($0.utf8) },
        mutation: Mutation(
            structure: .text, words: ["kind: ", "loss: ", "\n  ", "vit", "trades", "targets: ", "path: "])
    ) { input, folder in
        let path = try folder.write(input, to: "a.yaml")
        let run: RunConfiguration = try Configuration.read(file: path)
        let text = try Configuration.text(of: run)
        let again: RunConfiguration = try Configuration.read(text: text, source: "written")
        guard try Configuration.text(of: again) == text else {
            throw Failure(.internalError, "the written configuration is another one")
        }
    }
}
