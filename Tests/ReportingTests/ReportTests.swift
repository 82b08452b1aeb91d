import Failures
import Formats
import Reporting
import TestSupport
import Testing

@Suite struct ReportTests {
    @Test func twinsThatDifferInTheLossAlone() throws {
        let runs = RunFixture()
        try runs.evaluation("vanilla", robust: 0.529)
        try runs.configuration("vanilla", loss: "vanilla")
        try runs.evaluation("aligned", robust: 0.7414)
        try runs.configuration("aligned", loss: "pag")
        let report = try runs.report("vanilla", "aligned")
        let sentence =
            "At L2 radius 0.5 the aligned model keeps 74.1 % of its test images, its vanilla twin 52.9 %."
        #expect(report.finding?.withPlainSpaces == sentence)
        #expect(report.html().withPlainSpaces.contains(sentence))
        #expect(report.html().contains("loss.alignment.weight"))
        #expect(!report.html().contains(">train.optimizer.lr<"))
    }

    @Test func otherPairsGoByTheirNames() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.5)
        try runs.configuration("a", loss: "vanilla")
        try runs.evaluation("b", robust: 0.6)
        try runs.configuration("b", loss: "pag", rate: 0.1)
        let report = try runs.report("a", "b")
        #expect(
            report.finding?.withPlainSpaces == "At L2 radius 0.5 b keeps 60.0 % of its test images, a 50.0 %.")
        #expect(report.html().contains(">train.optimizer.lr<"))
    }

    @Test func oneRunAndMany() throws {
        let runs = RunFixture()
        for (name, robust) in [("a", 0.2), ("b", 0.6), ("c", 0.4)] { try runs.evaluation(name, robust: robust) }
        #expect(
            try runs.report("a").finding?.withPlainSpaces
                == "At L2 radius 0.5 a keeps 20.0 % of its test images; "
                + "without an attack it classifies 95.0 % correctly.")
        #expect(
            try runs.report("a", "b", "c").finding?.withPlainSpaces
                == "At L2 radius 0.5 b keeps the most of its test images, 60.0 %; the other 2 keep 20.0 % to 40.0 %.")
    }

    @Test func noFindingWithoutSomethingToCompare() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.2)
        try runs.evaluation("stronger", robust: 0.2, epsilon: 1)
        try runs.configuration("unevaluated", loss: "pag")
        #expect(try runs.report("a", "stronger").finding == nil)
        #expect(try runs.report("a", "unevaluated").finding == nil)
        #expect(try runs.report("a", "unevaluated").html().contains("Not evaluated yet: unevaluated."))
    }

    @Test func doubtsAreSpokenOf() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.50, samples: 200)
        try runs.evaluation("b", robust: 0.55, samples: 200)
        try runs.evaluation("c", robust: 0.80, samples: 200, attack: "fgsm")
        try runs.evaluation(
            "d", robust: 0.9, more: #", "checks": [{"name": "fine", "ok": true}, {"name": "gradients", "ok": false}]"#)
        let close = try runs.report("a", "b").html()
        #expect(close.contains("The difference is within chance for 200 images."))
        #expect(!close.contains("not put to the same attacks"))
        let far = try runs.report("a", "c").html()
        #expect(!far.contains("within chance"))
        #expect(far.contains("not put to the same attacks"))
        #expect(try runs.report("d").html().contains("d: check failed: gradients."))
    }

    @Test func thePageNeedsNothingElse() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.5, more: #", "curve": [{"epsilon": 0.25, "robust_acc": 0.7}]"#)
        let page = try runs.report("a").html()
        for part in ["<script", "<link", "@import", "url(", "src=\"http", "href="] {
            #expect(!page.contains(part), "\(part)")
        }
        #expect(page.hasPrefix("<!DOCTYPE html>"))
        #expect(try runs.report("a").html() == page)
    }

    @Test func everythingFromFilesIsEscaped() throws {
        let runs = RunFixture()
        let evil = "</pre></style><script>alert('1')</script>\u{1b}[31m"
        let inJSON = #"</td><script>alert(\"2\")</script>\u001b[31m"#
        let run = "<b>run<b>"
        try runs.write("\(run)/config.yaml", "name: \(evil)\n")
        try runs.evaluation(
            run, robust: 0.5, attack: inJSON,
            more: """
                , "checks": [{"name": "\(inJSON)", "ok": false, "value": "\(inJSON)"}],
                "curve": [{"norm": "\(inJSON)", "epsilon": 0.1, "robust_acc": 0.5}]
                """)
        try runs.write(
            "\(run)/metrics.jsonl", #"{"kind": "event", "event": "collapse", "message": "\#(inJSON)", "step": 3}"#)
        let report = try runs.report(run)
        let page = report.html()
        #expect(!page.contains("<script") && !page.contains("<b>run"))
        #expect(page.contains("&lt;script&gt;alert(&#39;1&#39;)") && page.contains("&lt;b&gt;run"))
        #expect(!page.unicodeScalars.contains("\u{1b}"))
        #expect(!report.table().unicodeScalars.contains("\u{1b}"))
    }

    @Test func whatIsNoRunDirectory() throws {
        let runs = RunFixture()
        try runs.write("empty/note.txt", "nothing")
        try runs.write("file", "")
        #expect(failure { _ = try Report(runDirectories: []) }?.kind == .usage)
        for name in ["missing", "empty", "file"] {
            let thrown = failure { _ = try runs.report(name) }
            #expect(thrown?.kind == .badInput)
            #expect(thrown?.description.hasPrefix("\(runs.path)/\(name): ") == true)
        }
    }

    @Test func configurationsAsEditorsWriteThem() throws {
        let fixture = RunFixture()
        for (name, loss) in [("a", "pag"), ("b", "vanilla")] {
            let text = "loss:\r\n  kind: \(loss)\r\n"
            try fixture.write("\(name)/config.yaml", bytes: [0xef, 0xbb, 0xbf] + Array(text.utf8))
            try fixture.evaluation(name, robust: loss == "pag" ? 0.7 : 0.1)
        }
        #expect(try fixture.report("a", "b").finding?.contains("its vanilla twin 10.0") == true)
    }

    @Test func picturesTogetherAreBounded() throws {
        let fixture = RunFixture()
        let png = RasterImage(width: 2, height: 1, channels: 1, pixels: [0, 9]).png()
        try fixture.write("a/pictures/a.png", bytes: png)
        try fixture.write("a/pictures/b.png", bytes: png + [UInt8](repeating: 0, count: 20 << 20))
        try fixture.write("a/pictures/c.png", bytes: png + [UInt8](repeating: 0, count: 20 << 20))
        let list = "\(fixture.path)/a/pictures/pictures.json"
        func refusal(_ names: [String]) throws -> Failure? {
            try fixture.write(
                "a/pictures/pictures.json", "[\(names.map { "{\"file\":\"\($0)\"}" }.joined(separator: ","))]")
            do { _ = try fixture.report("a") } catch let failure as Failure { return failure }
            return nil
        }
        #expect(try refusal(["a.png", "b.png"]) == nil)
        #expect(try refusal(["a.png", "a.png"])?.description == "\(list)[1]: file \"a.png\" stands here before")
        #expect(try refusal(["b.png", "c.png"])?.description.hasPrefix("\(list): names pictures of ") == true)
        let twoLines = try refusal([#"b\n.png"#])?.description
        #expect(twoLines == #"\#(fixture.path)/a/pictures/b\n.png: no such file"#)
        try fixture.write("a/pictures/a.png", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
        #expect(
            try refusal(["a.png"])?.description
                == "\(fixture.path)/a/pictures/a.png: is a pointer of Git LFS, not the file itself, expected a PNG picture; "
                + "git lfs pull fetches it")
    }

    @Test func marksOfMetricsAreRefusedAtOnce() throws {
        let fixture = RunFixture()
        let marks = String(repeating: "\u{301}\u{316}", count: 100_000)
        try fixture.write("a/metrics.jsonl", "{\"kind\":\"event\",\"event\":\"\(marks)\"}\n")
        let thrown = #expect(throws: Failure.self) { try fixture.report("a") }
        #expect(thrown?.description.hasSuffix("combining marks in a row") == true)
    }

    @Test func namesTellRunsApart() throws {
        let runs = RunFixture()
        for name in ["x/run", "y/run", "z"] { try runs.evaluation(name, robust: 0.5) }
        let table = try runs.report("x/run/", "y/./run", "z").table()
        #expect(table.contains("\nx/run ") && table.contains("\ny/run "))
        #expect(try runs.report("z", "z").table().contains("z (2)"))
    }
}
