import Failures
import Formats
import Reporting
import TestSupport
import Testing

@Suite struct EvaluationFileTests {
    @Test func attacksAreColumns() throws {
        let runs = RunFixture()
        try runs.write(
            "a/eval/robustness.json",
            #"""
            {"clean_acc": 0.95, "threat": {"norm": "linf", "epsilon": 0.03137254901960784}, "samples": 100,
             "attacks": [{"name": "fgsm", "robust_acc": 0.6},
                         {"name": "pgd", "norm": "l2", "epsilon": 0.5, "steps": 20, "restarts": 2, "robust_acc": 0.5}],
             "robust_acc": 0.45}
            """#)
        try runs.write(
            "longer/eval/robustness.json",
            #"""
            {"clean_acc": 0.9, "threat": {"norm": "linf", "epsilon": 0.03137254901960784},
             "attacks": [{"name": "fgsm", "robust_acc": 0.61},
                         {"name": "pgd", "norm": "l2", "epsilon": 0.5, "steps": 10, "robust_acc": null}],
             "robust_acc": 0.6}
            """#)
        #expect(
            try runs.report("a", "longer").table() == """
                         clean       fgsm          pgd        pgd   all attacks
                                 L∞ 8/255       L2 0.5     L2 0.5      L∞ 8/255
                                              20 steps   10 steps
                                            2 restarts
                a       95.0 %*    60.0 %       50.0 %          –        45.0 %
                longer  90.0 %     61.0 %*           –          –        60.0 %*

                """)
    }

    @Test func theOnlyAttackIsNotRepeated() throws {
        let runs = RunFixture()
        try runs.evaluation("run", robust: 0.5)
        #expect(!(try runs.report("run").table().contains("all attacks")))
        #expect(try runs.report("run").html().contains("1,000 test images"))
    }

    @Test func partsOfCascadesAreNoAttacksOfTheirOwn() throws {
        let runs = RunFixture()
        let parts = #"""
            {"name": "apgd-ce", "steps": 100, "robust_acc": 0.3, "cascade": "autoattack"},
            {"name": "square", "robust_acc": 0, "seconds": 1.5, "cascade": "autoattack"},
            {"name": "autoattack", "robust_acc": 0}
            """#
        let others = #"{"name": "square", "robust_acc": 0.25}, {"name": "apgd-ce", "steps": 100, "robust_acc": 0.35}"#
        let rest = #""clean_acc": 1, "threat": {"norm": "linf", "epsilon": 0.2}, "robust_acc": 0"#
        try runs.write("run/eval/robustness.json", "{\(rest), \"attacks\": [\(parts), \(others)]}")
        #expect(
            try runs.report("run").table() == """
                       clean   autoattack   square     apgd-ce   all attacks
                                   L∞ 0.2   L∞ 0.2      L∞ 0.2        L∞ 0.2
                                                     100 steps
                run  100.0 %        0.0 %   25.0 %      35.0 %         0.0 %

                """)
        #expect(
            try runs.report("run").html().withPlainSpaces.contains(
                ">square, part of autoattack</th><td>L∞ 0.2</td><td>left: 0.0 %</td><td>1.5 s</td>"))
        // One attack, whatever its parts.
        try runs.write("alone/eval/robustness.json", "{\(rest), \"attacks\": [\(parts)]}")
        #expect(try !runs.report("alone").table().contains("all attacks"))
    }

    @Test func aThousandAttacks() throws {
        let runs = RunFixture()
        let attacks = (0..<1_000).map { #"{"name": "a\#($0)", "robust_acc": 0.5}"# }.joined(separator: ",")
        try runs.write("run/eval/robustness.json", #"{"attacks": [\#(attacks)]}"#)
        #expect(try runs.report("run").table().contains(" a999"))
    }

    @Test func notesOfEvaluations() throws {
        let runs = RunFixture()
        let first = #""square: 9 of 40 images <b>", "malt was left out", "malt was left out""#
        try runs.evaluation("a", robust: 0.5, more: #", "notes": [\#(first)]"#)
        try runs.evaluation("same", robust: 0.5, more: #", "notes": [\#(first)]"#)
        try runs.evaluation("b", robust: 0.4, more: #", "notes": ["\#(String(repeating: "x", count: 9_000))"]"#)
        let many = (0..<30).map { "\"note \($0)\"" }.joined(separator: ",")
        try runs.evaluation("many", robust: 0.4, more: #", "notes": [\#(many)]"#)
        try runs.evaluation("none", robust: 0.4, more: #", "notes": []"#)
        let list = "<ul><li>square: 9 of 40 images &lt;b&gt;</li><li>malt was left out</li></ul>"
        #expect(try runs.report("a").html().contains("<p>The evaluation notes:</p>\(list)"))
        #expect(try runs.report("a", "same").html().contains("<p>All evaluations note:</p>\(list)"))
        let two = try runs.report("a", "b").html()
        #expect(two.contains("<p>The evaluation of a notes:</p>\(list)"))
        #expect(
            two.contains("<p>The evaluation of b notes:</p><ul><li>\(String(repeating: "x", count: 400))…</li></ul>"))
        let bounded = try runs.report("many", "none").html()
        #expect(bounded.contains("<li>note 19</li><li>and 10 more in robustness.json</li></ul>"))
        #expect(!bounded.contains("note 20<") && !bounded.contains("evaluation of none notes"))
    }

    @Test func thePrecisionThatWasSearchedOn() throws {
        let runs = RunFixture()
        try runs.evaluation("a", robust: 0.5, more: #", "search": "float32""#)
        try runs.evaluation(
            "b", robust: 0.4, more: #", "search": "bfloat16", "curve": [{"epsilon": 1, "robust_acc": 0}]"#)
        let report = try runs.report("a", "b")
        #expect(
            report.table() == """
                    clean        pgd           pgd
                              L2 0.5        L2 0.5
                            20 steps      20 steps
                                       in bfloat16
                a  95.0 %     50.0 %             –
                b  95.0 %          –        40.0 %

                """)
        let page = report.html()
        let note = "b: attacks searched on products of bfloat16; what they found was judged in float32."
        // Under the table and the chart.
        #expect(page.count(of: note) == 2 && !page.contains("a: attacks searched"))
        #expect(page.contains("not put to the same attacks"))
    }

    @Test func curvesOfBudgets() throws {
        let runs = RunFixture()
        let curve = #"[{"epsilon": 0.5, "robust_acc": 0.5}, {"norm": "linf", "epsilon": 0.1, "robust_acc": 0}]"#
        try runs.evaluation("run", robust: 0.5, more: #", "curve": \#(curve)"#)
        let page = try runs.report("run").html().withPlainSpaces
        #expect(page.contains("Accuracy under L2 attack") && page.contains("Accuracy under L∞ attack"))
        // Clean accuracy is where the curve begins.
        #expect(page.contains("run: 95.0 % at 0</title>") && page.contains("run: 50.0 % at 0.5</title>"))
    }

    @Test func curvesOfAttacksThatMeasureDistances() throws {
        let runs = RunFixture()
        let attack = #"{"name": "fmn", "robust_acc": 0.5, "curve": [{"epsilon": 0.25, "robust_acc": 0.7}]}"#
        let threat = #""clean_acc": 0.95, "threat": {"norm": "l2", "epsilon": 0.5}, "robust_acc": 0.5"#
        let own = #", "curve": [{"epsilon": 0.5, "robust_acc": 0.5}]"#
        try runs.write("one/eval/robustness.json", "{\(threat), \"attacks\": [\(attack)]}")
        try runs.write("two/eval/robustness.json", "{\(threat), \"attacks\": [\(attack)]\(own)}")
        #expect(try runs.report("one").html().withPlainSpaces.contains("one: 70.0 % at 0.25</title>"))
        let two = try runs.report("two").html().withPlainSpaces
        #expect(two.contains("fmn: 70.0 % at 0.25</title>") && two.contains("pgd: 50.0 % at 0.5</title>"))
        let both = try runs.report("one", "two").html().withPlainSpaces
        #expect(both.contains("one, fmn: 70.0 % at 0.25</title>") && both.contains("two: 50.0 % at 0.5</title>"))
    }

    @Test(arguments: [
        "", "[]", "{", #"{"clean_acc": "0.9"}"#, #"{"clean_acc": 1.5}"#, #"{"samples": -1}"#, #"{"samples": 1.5}"#,
        #"{"attacks": {}}"#, #"{"attacks": [1]}"#, #"{"attacks": [{}]}"#, #"{"threat": 1}"#,
        #"{"threat": {"norm": 2, "epsilon": 1}}"#, #"{"threat": {"norm": "l2", "epsilon": -1}}"#,
        #"{"checks": [{"ok": true}]}"#, #"{"checks": [{"name": "a", "ok": 1}]}"#, #"{"curve": [{"epsilon": "a"}]}"#,
        #"{"attacks": [\#(Array(repeating: #"{"name": "a"}"#, count: 1_001).joined(separator: ","))]}"#,
        #"{"attacks": [{"name": "a", "cascade": 1}]}"#, #"{"notes": "a"}"#, #"{"notes": [1]}"#, #"{"search": 16}"#,
    ])
    func damagedFilesAreRefused(text: String) throws {
        let runs = RunFixture()
        let file = try runs.write("run/eval/robustness.json", text)
        let thrown = failure { _ = try runs.report("run") }
        #expect(thrown?.kind == .badInput)
        #expect(thrown?.description.hasPrefix(file) == true)
    }

    @Test func noiseOnEveryPassIsSpokenOf() throws {
        let runs = RunFixture()
        let curve = #""curve": [{"epsilon": 0.25, "robust_acc": 0.7}]"#
        try runs.evaluation("noisy", robust: 0.6, more: #", "input_noise": 0.125, \#(curve)"#)
        try runs.evaluation("plain", robust: 0.5, more: ", \(curve)")
        let report = try runs.report("noisy", "plain"), page = report.html().withPlainSpaces
        let sentence = "noisy was evaluated with noise of deviation 0.125 on its images, in every pass of the network."
        // Under the table, and under the chart.
        #expect(page.count(of: sentence) == 2)
        #expect(page.contains("noisy, input noise 0.125: 70.0 % at 0.25</title>"))
        #expect(report.table().contains("\nnoisy, input noise 0.125  95.0"))
        #expect(page.contains("The networks do not add the same noise to their images."))
        #expect(try !runs.report("plain").html().contains("noise"))
        for wrong in ["0", "-1", #""a""#] {
            try runs.evaluation("noisy", robust: 0.6, more: #", "input_noise": \#(wrong)"#)
            #expect(failure { _ = try runs.report("noisy") }?.kind == .badInput, "\(wrong)")
        }
    }

    @Test func curvesOfOneRunAmongOthersDifferInDashes() throws {
        let runs = RunFixture()
        let curve = #""curve": [{"epsilon": 0.25, "robust_acc": 0.7}, {"epsilon": 0.5, "robust_acc": 0.5}]"#
        for name in ["a", "b"] {
            try runs.write(
                "\(name)/eval/robustness.json",
                #"{"threat": {"norm": "l2", "epsilon": 0.5}, "attacks": [{"name": "fmn", \#(curve)}], \#(curve)}"#)
        }
        let page = try runs.report("a", "b").html()
        for style in ["s0", "s0 dashed", "s1", "s1 dashed"] {
            #expect(page.contains("<path class=\"line \(style)\" d=\"M56 "), "\(style)")
        }
    }

    @Test func picturesAreEmbedded() throws {
        let runs = RunFixture()
        let png = RasterImage(width: 3, height: 2, channels: 1, pixels: [0, 50, 100, 150, 200, 250]).png()
        try runs.write("run/pictures/a.png", bytes: png)
        try runs.write(
            "run/pictures/pictures.json", #"[{"file": "a.png", "title": "Gradients", "caption": "a & b"}]"#)
        try runs.write("run/eval/b.png", bytes: png)
        try runs.write("run/eval/pictures.json", #"[{"file": "b.png", "title": "Adversarial images"}]"#)
        let page = try runs.report("run").html()
        #expect(page.contains("src=\"data:image/png;base64,\(Base64.encode(png))\""))
        #expect(page.contains("width=\"3\" height=\"2\"") && page.contains(">a &amp; b<"))
        #expect(page.contains(">Adversarial images<"))
    }

    @Test func picturesFromElsewhereAreRefused() throws {
        let runs = RunFixture()
        let png = RasterImage(width: 1, height: 1, channels: 1, pixels: [0]).png()
        var huge = png
        huge[16] = 0x7f
        try runs.write("run/secret.png", bytes: png)
        try runs.write("run/pictures/text.png", "no picture")
        try runs.write("run/pictures/huge.png", bytes: huge)
        try runs.write("run/pictures/.hidden.png", bytes: png)
        for name in ["../secret.png", "/etc/passwd", "..", ".hidden.png", "", "text.png", "huge.png", "missing.png"] {
            try runs.write("run/pictures/pictures.json", #"[{"file": "\#(name)"}]"#)
            #expect(failure { _ = try runs.report("run") }?.kind == .badInput, "\(name)")
        }
    }

    @Test func configurationsThatAreNoText() throws {
        let runs = RunFixture()
        try runs.write("run/config.yaml", bytes: [0x61, 0xff, 0xfe])
        #expect(failure { _ = try runs.report("run") }?.kind == .badInput)
        try runs.write("run/config.yaml", bytes: [UInt8](repeating: 0x61, count: 1 << 20 + 1))
        #expect(failure { _ = try runs.report("run") }?.kind == .badInput)
    }

    /// Whatever happens to a file's bytes, it is shown or refused.
    @Test func mutatedFiles() throws {
        let runs = RunFixture()
        let files: [(name: String, bytes: [UInt8])] = [
            (
                "eval/robustness.json",
                Array(
                    #"""
                    {"clean_acc":0.9,"samples":99,"threat":{"norm":"l2","epsilon":0.5},
                    "attacks":[{"name":"pgd","robust_acc":0.5,"steps":20}],"robust_acc":0.5,
                    "curve":[{"epsilon":1e-3,"robust_acc":0.1}]}
                    """#.utf8)
            ),
            (
                "metrics.jsonl",
                Array(
                    """
                    {"kind":"step","step":1,"loss":2.5,"cosine":0.25,"lr":1e-3}
                    {"kind":"step","step":99,"loss":1.5,"cosine":0.5,"lr":1e-4}
                    {"kind":"epoch","epoch":1,"clean_acc":0.5,"robust_acc":0.25,"seconds":12.5}
                    """.utf8)
            ),
            ("config.yaml", Array("a:\n  b: 1\n  c:\n    d: [1, 2]\ne: 2\n".utf8)),
        ]
        for file in files { try runs.write("run/\(file.name)", bytes: file.bytes) }
        let alphabet = Array("0123456789eE+-.\"{}[],: \n\\u\u{0}ntf".utf8)
        var state: UInt64 = 1
        func random(below bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var outcomes = (shown: 0, refused: 0)
        for round in 0..<900 {
            let (name, original) = files[round % files.count]
            var bytes = original
            for _ in 0...random(below: 3) {
                switch random(below: 3) {
                case 0: bytes[random(below: bytes.count)] = alphabet[random(below: alphabet.count)]
                case 1: bytes.insert(alphabet[random(below: alphabet.count)], at: random(below: bytes.count))
                default: bytes.remove(at: random(below: bytes.count))
                }
            }
            try runs.overwrite("run/\(name)", bytes)
            defer { try? runs.overwrite("run/\(name)", original) }
            do {
                #expect(try runs.report("run").html().hasSuffix("</html>\n"))
                outcomes.shown += 1
            } catch let failure as Failure {
                #expect(failure.kind == .badInput, "\(failure)")
                outcomes.refused += 1
            }
        }
        #expect(outcomes.shown > 50 && outcomes.refused > 50)
    }
}
