import Failures
import Reporting
import TestSupport
import Testing

@Suite struct MetricsTests {
    private func page(_ lines: String...) throws -> String {
        let runs = RunFixture()
        try runs.write("run/metrics.jsonl", lines.joined(separator: "\n") + "\n")
        return try runs.report("run").html()
    }

    private func thrown(_ lines: String...) throws -> Failure? {
        let runs = RunFixture()
        try runs.write("run/metrics.jsonl", lines.joined(separator: "\n") + "\n")
        return failure { _ = try runs.report("run") }
    }

    @Test func afterAResumeTheLaterLineWins() throws {
        let page = try page(
            #"{"kind": "step", "step": 1, "loss": 5.5}"#, #"{"kind": "step", "step": 2, "loss": 4.5}"#,
            #"{"kind": "step", "step": 3, "loss": 3.5}"#, #"{"kind": "event", "event": "resume"}"#,
            #"{"kind": "step", "step": 2, "loss": 4.25}"#, #"{"kind": "step", "step": 3, "loss": 3.25}"#,
            #"{"kind": "step", "step": 4, "loss": 2.25}"#)
        #expect(page.count(of: "<circle") == 4)
        for place in ["5.5 at 1", "4.25 at 2", "3.25 at 3", "2.25 at 4"] {
            #expect(page.contains("run: \(place)</title>"), "\(place)")
        }
    }

    @Test func withoutAnEvaluationTheMonitorSpeaks() throws {
        let runs = RunFixture()
        try runs.write(
            "run/metrics.jsonl",
            """
            {"kind":"epoch","epoch":1,"clean_acc":0.5,"robust_acc":0.25,"seconds":1.5}
            {"kind":"epoch","epoch":2,"clean_acc":0.75,"robust_acc":0.5,"seconds":1.5}
            """)
        #expect(
            try runs.report("run").table() == """
                          clean       robust
                      held-out,    held-out,
                     last epoch   last epoch
                run      75.0 %       50.0 %

                """)
        #expect(try runs.report("run").finding == nil)
    }

    @Test func cosinesToTheTargetsByClass() throws {
        let page = try page(
            #"{"kind":"epoch","epoch":0,"cosine":0.125,"cosine_perturbed":0.0625,"cosine_per_class":{"cat":0.5},"#
                + #""cosine_perturbed_per_class":{"cat":0.5}}"#,
            #"{"kind":"epoch","epoch":1,"cosine":0.25,"cosine_perturbed":0.125,"#
                + #""cosine_per_class":{"cat":0.375,"<b>dog</b>":null},"#
                + #""cosine_perturbed_per_class":{"cat":0.1875,"<b>dog</b>":-0.5}}"#
        ).withPlainSpaces
        #expect(page.contains("Held-out cosine to the targets"))
        #expect(page.contains("0.25 at 1</title>") && page.contains("0.125 at 1</title>"))
        #expect(page.contains("by class"))
        for cell in ["0.375", "0.188", "–", "\u{2212}0.500"] { #expect(page.contains("<td>\(cell)</td>"), "\(cell)") }
        #expect(page.contains("&lt;b&gt;dog") && !page.contains("<b>dog"))
        for wrong in ["[0.5]", "{\"cat\": \"high\"}", "0.5"] {
            #expect(try thrown("{\"kind\":\"epoch\",\"epoch\":0,\"cosine_per_class\":\(wrong)}")?.kind == .badInput)
        }
    }

    @Test func nothingMeasuredYet() throws {
        let runs = RunFixture()
        try runs.write("run/metrics.jsonl", "")
        #expect(try runs.report("run").table() == "no accuracies yet: run\n")
        #expect(try runs.report("run").html().contains("No run has been evaluated yet."))
    }

    /// Some losses see no image as it is; their accuracy is of others than a vanilla run's.
    @Test func accuracyOfNoisyImagesIsSaidToBe() throws {
        let runs = RunFixture()
        func write(_ run: String, _ loss: String, _ values: String) throws {
            try runs.configuration(run, loss: loss)
            try runs.write("\(run)/metrics.jsonl", #"{"kind": "step", "step": 1, "loss": 1, \#(values)}"#)
        }
        try write("plain", "vanilla", #""train_acc": 0.75"#)
        try write("noisy", "gaussian-noise", #""train_acc": 0.5, "perturbed_acc": 0.5"#)
        try write("both", "trades", #""train_acc": 0.5, "perturbed_acc": 0.25"#)
        try write("attacked", "at", #""train_acc": 0.5, "perturbed_acc": 0.5"#)
        let second = ">Training accuracy on perturbed images<"
        let pair = try runs.report("plain", "noisy").html()
        #expect(pair.contains("noisy: of images with noise, as its loss gaussian-noise sees them.</p></figure>"))
        #expect(pair.contains(">Training accuracy<") && !pair.contains(second))
        let three = try runs.report("both", "attacked").html()
        #expect(three.contains(second))
        #expect(three.count(of: "attacked: of images that an attack has perturbed, as its loss at sees them.") == 2)
        #expect(try !runs.report("plain").html().contains("as its loss"))
    }

    @Test func lossesThatAreNotFinite() throws {
        let page = try page(
            #"{"kind": "step", "step": 1, "loss": 1.0, "cosine": null}"#,
            #"{"kind": "step", "step": 2, "loss": null, "cosine": null}"#,
            #"{"kind": "step", "step": 3, "loss": 1.5, "cosine": null}"#)
        #expect(page.contains("run: the loss was not finite at 1 of 3 steps."))
        #expect(page.contains("× not finite"))
        // A quantity that never is a number is none of this run's.
        #expect(!page.contains("Cosine between"))
    }

    @Test func onlyNonFiniteLosses() throws {
        let page = try page(#"{"kind": "step", "step": 1, "loss": null}"#)
        #expect(page.contains("no finite values"))
    }

    @Test func alarmsComeFirst() throws {
        let page = try page(
            #"{"kind": "step", "step": 7, "loss": 1.0}"#,
            #"{"kind": "event", "event": "collapse", "message": "cosine fell"}"#,
            #"{"kind": "event", "event": "stop", "message": "on request"}"#, #"{"kind": "of a later version"}"#)
        #expect(page.contains("run: collapse at step 7: cosine fell"))
        #expect(!page.contains("run: stop"))
        #expect(page.contains("on request"))
    }

    @Test func aLineThatWasCutShortIsLeftOut() throws {
        let page = try page(
            #"{"kind": "step", "step": 1, "loss": 1.0}"#, #"{"kind": "step", "step": 2, "lo"#,
            #"{"kind": "event", "event": "resume"}"#, #"{"kind": "step", "step": 2, "loss": 0.5}"#)
        #expect(page.contains("cut short and left out: 1."))
        #expect(page.contains("run: 0.5 at 2</title>"))
    }

    @Test(arguments: [
        "garbage", "[]", "{}", #"{"kind": 1}"#, #"{"kind": "step"}"#, #"{"kind": "step", "step": -1}"#,
        #"{"kind": "step", "step": 1.5}"#, #"{"kind": "step", "step": 2, "loss": "low"}"#,
        #"{"kind": "step", "step": 2, "train_acc": 74.1}"#, #"{"kind": "epoch"}"#,
        #"{"kind": "epoch", "epoch": 2, "clean_acc": -0.1}"#, #"{"kind": "event"}"#,
        #"{"kind": "step", "step": 2, "loss": NaN}"#, #"{"kind": "step", "kind": "step", "step": 2}"#,
    ])
    func damagedLinesAreNamed(line: String) throws {
        let thrown = try thrown(#"{"kind": "step", "step": 1, "loss": 1.0}"#, line)
        #expect(thrown?.kind == .badInput)
        #expect(thrown?.description.contains("metrics.jsonl, line 2") == true)
    }
}
