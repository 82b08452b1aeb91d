import Failures
import Reporting
import TestSupport
import Testing

@Suite struct CorruptionsFileTests {
    /// In the order of the paper.
    private static let benchmark = [
        "gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur",
        "snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression",
    ]

    /// Every accuracy of every corruption is the same.
    private func file(_ names: [String], accuracy: Double, more: String = "") -> String {
        let entries = names.map { #"{"name": "\#($0)", "accuracies": [\#(accuracy), \#(accuracy)]}"# }
        return #"{"clean_acc": 0.9, "samples": 50, "corruptions": [\#(entries.joined(separator: ", "))]\#(more)}"#
    }

    @Test func accuraciesAndErrorsAreSaidToBeSo() throws {
        let runs = RunFixture()
        try runs.write(
            "run/eval/corruptions.json",
            #"""
            {"dataset": "digits", "source": "builtin", "samples": 1200, "clean_acc": 0.9,
             "corruptions": [{"name": "fog", "accuracies": [0.8, 0.7, 0.6, null, 0.4], "mean_error": 0.375},
                             {"name": "<b>", "accuracies": [1], "mean_error": 0}],
             "mean_corruption_error": 0.25}
            """#)
        let page = try runs.report("run").html().withPlainSpaces
        #expect(page.contains("<th scope=\"row\">fog</th><td>80.0 %</td><td>70.0 %</td><td>60.0 %</td><td>–</td>"))
        #expect(page.contains("<td>40.0 %</td><td>37.5 %</td>") && page.contains(">&lt;b&gt;</th><td>100.0 %</td>"))
        #expect(page.contains("severity 5<small>accuracy</small></th><th scope=\"col\">mean<small>error</small></th>"))
        #expect(page.contains("1,200 images a severity"))
        #expect(page.contains("mean corruption error 25.0 % over 2 corruptions<"))
    }

    @Test func whatTheMeanIsOver() throws {
        let runs = RunFixture()
        func page(_ names: [String], more: String = "") throws -> String {
            try runs.write("run/eval/corruptions.json", file(names, accuracy: 0.75, more: more))
            return try runs.report("run").html().withPlainSpaces
        }
        let missing = try page(Self.benchmark.filter { $0 != "frost" && $0 != "snow" } + ["saturate"])
        #expect(missing.contains("Missing of the benchmark&#39;s 15: snow, frost; not of them: saturate."))
        #expect(missing.contains("over 14 corruptions<"))
        let whole = try page(
            Self.benchmark + ["saturate"],
            more: #", "mean_corruption_error": 0.25, "mean_corruption_error_of_15": 0.25"#)
        #expect(whole.contains("All of the benchmark&#39;s 15 are there; not of them: saturate."))
        #expect(whole.contains("mean corruption error 25.0 % over 16 corruptions, 25.0 % over the benchmark&#39;s 15"))
        #expect(try page(["rain"]).contains("None of the benchmark&#39;s 15 is there."))
    }

    @Test func severalRunsAreColumns() throws {
        let runs = RunFixture()
        func entry(_ name: String, _ error: Double, _ print: String) -> String {
            #"{"name": "\#(name)", "accuracies": [\#(1 - error)], "mean_error": \#(error), "fingerprint": "\#(print)"}"#
        }
        func write(_ run: String, _ entries: String..., mean: Double, more: String = "") throws {
            let list = entries.joined(separator: ", ")
            let mean = #""mean_corruption_error": \#(mean)\#(more)"#
            try runs.write("\(run)/eval/corruptions.json", #"{"clean_acc": 0.9, "corruptions": [\#(list)], \#(mean)}"#)
        }
        try write("a", entry("fog", 0.25, "x"), entry("snow", 0.5, "y"), mean: 0.375)
        try write(
            "b", entry("fog", 0.125, "x"), entry("snow", 0.25, "y"), mean: 0.1875, more: #", "input_noise": 0.5"#)
        try write("c", entry("snow", 0.75, "z"), mean: 0.75)
        let pair = try runs.report("a", "b").html().withPlainSpaces
        for row in [
            "none (clean)</th><td>10.0 %</td><td>10.0 %", "fog</th><td>25.0 %</td><td>12.5 %",
            "snow</th><td>50.0 %</td><td>25.0 %",
            "<b>mean of all 2</b></th><td><b>37.5 %</b></td><td><b>18.8 %</b>",
        ] {
            #expect(pair.contains("<tr><th scope=\"row\">\(row)</td></tr>"), "\(row)")
        }
        #expect(pair.contains("b<small>input noise 0.5</small>"))
        #expect(pair.count(of: "noise of deviation 0.5 on every pass") == 3)
        #expect(!pair.contains("different images") && !pair.contains("not put to the same corruptions"))
        let three = try runs.report("a", "b", "c").html().withPlainSpaces
        #expect(three.contains("fog</th><td>25.0 %</td><td>12.5 %</td><td>–</td>"))
        #expect(three.contains("own</b></th><td><b>37.5 %</b></td><td><b>18.8 %</b></td><td><b>75.0 %</b></td>"))
        #expect(three.contains("not put to the same corruptions") && three.contains("put to different images"))
        #expect(!three.contains("mean of the benchmark"))
    }

    @Test func theBenchmarksMeanIsARow() throws {
        let runs = RunFixture()
        for (run, accuracy) in [("a", 0.75), ("b", 0.5)] {
            let mean = #", "mean_corruption_error_of_15": \#(1 - accuracy)"#
            try runs.write("\(run)/eval/corruptions.json", file(Self.benchmark, accuracy: accuracy, more: mean))
        }
        #expect(
            try runs.report("a", "b").html().withPlainSpaces.contains(
                "mean of the benchmark&#39;s 15</b></th><td><b>25.0 %</b></td><td><b>50.0 %</b></td>"))
    }

    @Test func cleanAccuracyOfRunsWithoutAnAttack() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.5)
        try runs.write("b/eval/corruptions.json", file(["fog"], accuracy: 0.5))
        #expect(
            try runs.report("a", "b").table() == """
                    clean        pgd
                              L2 0.5
                            20 steps
                a  95.0 %*    50.0 %
                b  90.0 %          –

                """)
        #expect(
            try runs.report("a", "b").html().contains("Clean accuracy from the evaluation on corrupted images: b."))
        let alone = try runs.report("b").html().withPlainSpaces
        #expect(alone.contains("90.0 %<i") && alone.contains("50 test images") && !alone.contains("own monitor"))
        // Training's monitor knows robust accuracy, too.
        try runs.write("b/metrics.jsonl", #"{"kind":"epoch","epoch":1,"clean_acc":0.5,"robust_acc":0.25}"#)
        #expect(try runs.report("b").html().contains("own monitor"))
    }

    @Test(arguments: [
        "[]", "{}", #"{"corruptions": []}"#, #"{"corruptions": [{"name": "a"}]}"#,
        #"{"corruptions": [{"accuracies": []}]}"#, #"{"corruptions": [{"name": "a", "accuracies": ["1"]}]}"#,
        #"{"clean_acc": 2}"#, #"{"corruptions": [{"name": "a", "accuracies": [2]}]}"#,
        #"{"corruptions": [{"name": "a", "accuracies": [\#(Array(repeating: "1", count: 17).joined(separator: ","))]}]}"#,
        #"{"corruptions": [{"name": "a", "accuracies": [1]}, {"name": "a", "accuracies": [1]}]}"#,
        #"{"corruptions": [{"name": "a", "accuracies": [0.5, 1], "mean_error": 0.75}]}"#,
        #"{"corruptions": [{"name": "a", "accuracies": [0.5]}], "mean_corruption_error": 0.25}"#,
        #"{"corruptions": [{"name": "fog", "accuracies": [0.5]}], "mean_corruption_error_of_15": 0.5}"#,
        #"{"corruptions": [{"name": "a", "accuracies": [0.5]}], "input_noise": 0}"#,
    ])
    func damagedOrContradictoryFilesAreRefused(text: String) throws {
        let runs = RunFixture()
        let file = try runs.write("run/eval/corruptions.json", text)
        let thrown = failure { _ = try runs.report("run") }
        #expect(thrown?.kind == .badInput && thrown?.description.hasPrefix(file) == true)
    }
}
