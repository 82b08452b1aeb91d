import Failures
import Formats
import Reporting
import TestSupport
import Testing

/// Evaluations under several norms: a file of all together, and a folder for each.
@Suite struct SeveralNormsTests {
    private let runs = RunFixture()

    /// `eval/robustness.json` of fgsm and pgd under L1, L2 and L∞.
    private func together(_ run: String, threats: String? = nil, average: Double = 0.5, more: String = "") throws {
        let usual = #"""
            {"norm": "l1", "epsilon": 12, "robust_acc": 0.4}, {"norm": "l2", "epsilon": 0.5, "robust_acc": 0.6},
            {"norm": "linf", "epsilon": 0.1, "robust_acc": 0.5}
            """#
        try runs.write(
            "\(run)/eval/robustness.json",
            #"""
            {"samples": 100, "clean_acc": 0.9, "threat": null, "threats": [\#(threats ?? usual)],
             "robust_acc": 0.3, "average_acc": \#(average),
             "attacks": [{"name": "fgsm", "robust_acc": 0.7, "norm": "l1", "epsilon": 12},
                         {"name": "pgd", "robust_acc": 0.4, "norm": "l1", "epsilon": 12},
                         {"name": "pgd", "robust_acc": 0.6, "norm": "l2", "epsilon": 0.5},
                         {"name": "pgd", "robust_acc": 0.5, "norm": "linf", "epsilon": 0.1}],
             "checks": [{"name": "converged", "ok": false, "value": 0.25, "norm": "l1"},
                        {"name": "finite", "ok": true, "value": 0, "norm": "l1"},
                        {"name": "converged", "ok": false, "value": 0.5, "norm": "linf"},
                        {"name": "finite", "ok": false, "value": 0.75, "norm": "linf"}]\#(more)}
            """#)
    }

    /// A norm's own file, with a curve, and a picture.
    private func part(_ run: String, _ norm: String, _ epsilon: Double, at radius: Double, more: String = "") throws {
        let place = "\(run)/eval/\(norm)"
        try runs.write(
            "\(place)/robustness.json",
            #"""
            {"samples": 100, "clean_acc": 0.9, "threat": {"norm": "\#(norm)", "epsilon": \#(epsilon)},
             "attacks": [{"name": "pgd", "robust_acc": 0.5}], "robust_acc": 0.5,
             "curve": [{"epsilon": \#(radius), "robust_acc": 0.25}]\#(more)}
            """#)
        try runs.write(
            "\(place)/adversarial.png",
            bytes: RasterImage(width: 2, height: 1, channels: 1, pixels: [0, 9]).png())
        try runs.write(
            "\(place)/pictures.json", #"[{"file": "adversarial.png", "title": "Adversarial images"}]"#)
    }

    @Test func unionAndAverageComeFirst() throws {
        try together("run")
        #expect(
            try runs.report("run").table() == """
                      clean       union     average   all attacks     fgsm      pgd      pgd      pgd
                              of L1 12,   of L1 12,         L1 12    L1 12    L1 12   L2 0.5   L∞ 0.1
                                L2 0.5,     L2 0.5,
                                 L∞ 0.1      L∞ 0.1
                run  90.0 %      30.0 %      50.0 %        40.0 %   70.0 %   40.0 %   60.0 %   50.0 %

                """)
    }

    /// What withstands all of other norms is another figure.
    @Test func runsOfOtherNorms() throws {
        try together("three")
        try together(
            "two",
            threats: #"""
                {"norm": "l2", "epsilon": 0.5, "robust_acc": 0.6}, {"norm": "l1", "epsilon": 12, "robust_acc": 0.4}
                """#)
        try runs.evaluation("one", robust: 0.2)
        let table = try runs.report("three", "two", "one").table()
        let lines = table.split(separator: "\n")
        #expect(lines[0].components(of: "union") == 2 && lines[0].components(of: "average") == 2)
        #expect(lines[1].components(of: "of L1 12,") == 4)
        #expect(lines[2].components(of: "L2 0.5,") == 2)
        #expect(
            try runs.report("two", "one").finding?.withPlainSpaces.hasPrefix("At L2 radius 0.5 two keeps 60.0 %")
                == true)
        // The same norms in another order are the same.
        try together(
            "other",
            threats: #"""
                {"norm": "l1", "epsilon": 12, "robust_acc": 0.3}, {"norm": "l2", "epsilon": 0.5, "robust_acc": 0.7}
                """#)
        #expect(try runs.report("two", "other").table().split(separator: "\n")[0].components(of: "union") == 1)
    }

    @Test func findingsAreOfAllSharedNormsTogether() throws {
        try together("run")
        #expect(
            try runs.report("run").finding?.withPlainSpaces
                == "At L1 radius 12, L2 radius 0.5 and L∞ radius 0.1 together run keeps 30.0 % of its test images; "
                + "without an attack it classifies 90.0 % correctly.")
        try runs.evaluation("far", robust: 0.2, epsilon: 3)
        #expect(try runs.report("run", "far").finding == nil)
    }

    @Test func curvesAndPicturesOfEachNorm() throws {
        try together("run")
        try part("run", "l1", 12, at: 24)
        try part("run", "linf", 0.1, at: 0.25)
        let page = try runs.report("run").html().withPlainSpaces
        #expect(page.contains("Accuracy under L1 attack") && page.contains("run: 25.0 % at 24</title>"))
        #expect(page.contains("Accuracy under L∞ attack") && page.contains("run: 25.0 % at 0.25</title>"))
        #expect(!page.contains("Accuracy under L2 attack"))
        #expect(page.contains("budget 0.1<"))
        #expect(page.contains("<figcaption>L1 12</figcaption>") && page.contains("<figcaption>L∞ 0.1</figcaption>"))
        #expect(page.contains("alt=\"Adversarial images, run, L1 12\""))
        #expect(page.count(of: "<img ") == 2)
        try runs.evaluation("one", robust: 0.2)
        #expect(try runs.report("run", "one").html().withPlainSpaces.contains("run, L1 12</figcaption>"))
    }

    /// Files of all norms that do not tell have it from those of each.
    @Test func searchAndNoise() throws {
        try together("new", more: #", "search": "bfloat16", "input_noise": 0.25, "order": "independent""#)
        try together("old")
        try part("old", "l2", 0.5, at: 1, more: #", "search": "bfloat16", "input_noise": 0.25"#)
        for run in ["new", "old"] {
            let report = try runs.report(run)
            #expect(report.table().contains("in bfloat16") && report.table().contains("\n\(run), input noise 0.25 "))
            #expect(report.html().contains("attacks on products of bfloat16"))
        }
    }

    @Test func checksSayTheirNorms() throws {
        try together("run")
        let page = try runs.report("run").html()
        #expect(page.contains("run: checks failed: converged (L1, L∞), finite (L∞). The robust accuracy"))
        let failed = "<span class=\"failed\">✗ failed</span>, ", passed = "<span class=\"passed\">✓ passed</span>, "
        #expect(page.contains("<th scope=\"col\">check</th><th scope=\"col\">L1</th><th scope=\"col\">L∞</th>"))
        #expect(page.contains("converged</th><td>\(failed)0.25</td><td>\(failed)0.5</td>"))
        #expect(page.contains("finite</th><td>\(passed)0</td><td>\(failed)0.75</td>"))
        #expect(page.contains("1 of 4 checks passed"))
    }

    @Test func norms() throws {
        try together(
            "run",
            threats: #"""
                {"norm": "l0", "epsilon": 24, "robust_acc": 0.4}, {"norm": "l1", "epsilon": 12, "robust_acc": 0.6}
                """#)
        #expect(try runs.report("run").table().contains("of L0 24,"))
    }

    @Test func filesThatContradictEachOther() throws {
        try together("run")
        try part("run", "l1", 11, at: 6)
        #expect(
            failure { _ = try runs.report("run") }?.description
                == "\(runs.path)/run/eval/l1/robustness.json: threat is L1 11, "
                + "expected L1 12 as in the file of all norms")
        try together("mean", average: 0.51)
        let mean = failure { _ = try runs.report("mean") }
        #expect(mean?.kind == .badInput && mean?.description.contains("average_acc is 0.51") == true)
        let l2 = #"{"norm": "l2", "epsilon": 1, "robust_acc": 0.5}"#
        for damaged in [
            #"{"norm": "../../other", "epsilon": 1}"#, #"{"norm": "", "epsilon": 1}"#, #"{"norm": "l1"}"#, "1",
            "\(l2),\(l2)",
            #"{"norm": "l1", "epsilon": -1}"#, #"{"norm": "l1", "epsilon": 1, "robust_acc": 2}"#,
        ] {
            try together("damaged", threats: damaged)
            let thrown = failure { _ = try runs.report("damaged") }
            let file = "\(runs.path)/damaged/eval/robustness.json"
            #expect(thrown?.kind == .badInput && thrown?.description.hasPrefix(file) == true, "\(damaged)")
        }
    }
}

extension Substring {
    fileprivate func components(of part: String) -> Int { String(self).count(of: part) }
}
