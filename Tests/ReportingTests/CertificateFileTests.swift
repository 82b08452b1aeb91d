import Failures
import Reporting
import TestSupport
import Testing

@Suite struct CertificateFileTests {
    /// Four of five right, of them three certified.
    private static let images = """
        {"label": 1, "prediction": 1, "radius": 0.6}, {"label": 2, "prediction": 2, "radius": 0.25},
        {"label": 0, "prediction": 0, "radius": 0.1}, {"label": 3, "prediction": 1, "radius": 0.7},
        {"label": 1, "prediction": null, "radius": 0}
        """

    private func certificate(sigma: String = "0.25", images: String = images) -> String {
        #"{"sigma": \#(sigma), "n": 1000, "alpha": 0.001, "images": [\#(images)]}"#
    }

    @Test func theCurveFallsAfterEveryRadius() throws {
        let runs = RunFixture()
        try runs.evaluation("run", robust: 0.5)
        try runs.write("run/certificate/certificate.json", certificate())
        let page = try runs.report("run").html().withPlainSpaces
        #expect(page.contains("Accuracy certified within an L2 radius"))
        // 0.75 is the axis' end, 448 wide; shares of 5 are 45.6 high, over a floor at 252.
        #expect(page.contains(#"<path class="line s0" d="M56 115.2V115.2H115.7V160.8H205.3V206.4H414.4V252H504"/>"#))
        // A radius that is a table's own still holds there.
        for row in [(0, "60.0"), (0.25, "40.0"), (0.5, "20.0")] {
            let radius = row.0 == 0 ? "0" : "\(row.0)"
            #expect(page.contains("<th scope=\"row\">\(radius)</th><td>\(row.1) %</td>"), "\(row)")
        }
        #expect(page.contains("5 test images; a radius is wrong with a chance of 0.001 at most; 20.0 % without"))
    }

    @Test func attacksOnBoundsAreSpokenOf() throws {
        let runs = RunFixture()
        let attack = #""attack": {"steps": 20, "draws": 16, "attacked": 1432, "broken": 3}"#
        let images = Array(repeating: Self.images, count: 400).joined(separator: ", ")
        try runs.write("run/certificate/certificate.json", #"{"sigma": 1, \#(attack), "images": [\#(images)]}"#)
        #expect(try runs.report("run").html().contains("has changed the class of 3 of 1,432."))
    }

    @Test func severalCertificatesAndRuns() throws {
        let runs = RunFixture()
        try runs.write("a/certificate/certificate.json", certificate())
        try runs.write(
            "a/wider/certificate.json",
            certificate(sigma: "0.5", images: #"{"label": 1, "prediction": 1, "radius": 1.3}"#))
        try runs.write("b/certificate/certificate.json", certificate())
        let one = try runs.report("a").html().withPlainSpaces
        #expect(one.contains(">σ 0.25<") && one.contains(">σ 0.5<"))
        // Beyond all its radii a certificate has nothing, not an unknown share.
        #expect(one.contains("<th scope=\"row\">1</th><td>0.0 %</td><td>100.0 %</td>"))
        try runs.write("b/denoised/certificate.json", certificate())
        #expect(try runs.report("b").html().withPlainSpaces.contains(">σ 0.25, denoised<"))
        let both = try runs.report("a", "b").html().withPlainSpaces
        #expect(both.contains(">a, σ 0.25<") && both.contains(">a, σ 0.5<"))
        #expect(both.contains(">b, σ 0.25, certificate<") && both.contains(">b, σ 0.25, denoised<"))
        try runs.evaluation("c", robust: 0.5)
        try runs.write("c/certificate/certificate.json", certificate())
        #expect(try runs.report("a", "c").html().contains("</svg>c, σ 0.25</span>"))
    }

    /// A run has one colour all over the page: its certificates differ in their dashes.
    @Test func coloursAndDashesAreTheRuns() throws {
        let runs = RunFixture()
        for (folder, sigma) in [("a/c1", "0.25"), ("a/c2", "0.5"), ("a/c3", "1"), ("b/c1", "0.25")] {
            try runs.write("\(folder)/certificate.json", certificate(sigma: sigma))
        }
        let page = try runs.report("a", "b").html()
        for (style, label) in [
            ("s0", "a, σ 0.25"), ("s0 dashed", "a, σ 0.5"), ("s0 dotted", "a, σ 1"), ("s1", "b, σ 0.25"),
        ] {
            // The curve, and its stroke in legend and table.
            #expect(page.contains("<path class=\"line \(style)\" d=\"M56 "), "\(style)")
            #expect(page.count(of: "<path class=\"line \(style)\" d=\"M1 4H31\"/></svg>\(label)</") == 2, "\(label)")
        }
        // The same noise in all: the runs' names are enough, and say σ no more.
        try runs.write("c/c1/certificate.json", certificate())
        let same = try runs.report("b", "c").html()
        #expect(same.contains("</svg>b</span>") && !same.contains("b, σ"))
    }

    @Test func manyCurvesAreRowsAndAllDiffer() throws {
        let runs = RunFixture()
        for i in 1...13 { try runs.write("run/c\(i)/certificate.json", certificate(sigma: "\(i)")) }
        let page = try runs.report("run").html().withPlainSpaces
        let strokes = page.split(separator: "<path class=\"").filter { $0.contains("d=\"M1 4H31\"/></svg>σ ") }
            .map { $0.prefix { $0 != "\"" } }
        // In the legend and in the table.
        #expect(strokes.count == 26 && Set(strokes).count == 13)
        #expect(page.contains("σ 13</th><td>60.0 %</td><td>40.0 %</td><td>20.0 %</td></tr>"))
        #expect(!page.contains("<circle"))
    }

    @Test func whatIsSpecialIsSaid() throws {
        let runs = RunFixture()
        func write(_ folder: String, _ more: String) throws {
            try runs.write("\(folder)/certificate.json", #"{"sigma": 1, \#(more) "images": [\#(Self.images)]}"#)
        }
        let denoiser = #""denoiser": {"model": "best <b>", "sha256": "00", "time": 1289},"#
        try write("run/plain", "")
        try write("run/all", #"\#(denoiser) "products": "bfloat16", "ema": true,"#)
        let page = try runs.report("run").html().withPlainSpaces
        #expect(page.contains("</svg>σ 1</span>") && page.contains("</svg>σ 1, denoiser, bfloat16, EMA</span>"))
        #expect(page.contains("Of a denoiser and the network after it: σ 1, denoiser, bfloat16, EMA.</p></figure>"))
        #expect(
            page.contains(
                "each draw went through the denoiser best &lt;b&gt; at its time step 1,289, products of bfloat16, "
                    + "averaged parameters (EMA); 20.0 % without"))
        // Two alike need their folders.
        try write("run/other", denoiser)
        try write("run/third", denoiser)
        #expect(try runs.report("run").html().contains("</svg>σ 1, denoiser, third</span>"))
        try write("run/plain", #""products": "float32", "ema": false,"#)
        #expect(try runs.report("run").html().contains("</svg>σ 1</span>"))
    }

    @Test(arguments: [
        #""attack": {"attacked": 1, "broken": 2}"#, #""attack": {"attacked": 5, "broken": 0}"#, #""samples": 4"#,
        #""abstained": 0.5"#, #""certified": [{"radius": 0.25, "accuracy": 0.6}]"#,
        #""certified": [{"accuracy": 0.6}]"#,
    ])
    func contradictionsAreRefused(member: String) throws {
        let runs = RunFixture()
        func write(_ members: String) throws -> String {
            try runs.write(
                "run/certificate/certificate.json", #"{"sigma": 1, \#(members), "images": [\#(Self.images)]}"#)
        }
        let file = try write(member)
        let thrown = failure { _ = try runs.report("run") }
        #expect(thrown?.kind == .badInput && thrown?.description.hasPrefix(file) == true)
        // 0.25, 0.6 and 0.1 are right.
        _ = try write(
            #""attack": {"attacked": 4, "broken": 4}, "samples": 5, "abstained": 0.2, "#
                + #""certified": [{"radius": 0, "accuracy": 0.6}, {"radius": 0.25, "accuracy": 0.4}]"#)
        _ = try runs.report("run")
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"sigma": 0}"#, #"{"sigma": "a"}"#, #"{"sigma": 1, "images": 2}"#,
        #"{"sigma": 1, "images": [{}]}"#, #"{"sigma": 1, "images": [{"label": 1, "prediction": 1}]}"#,
        #"{"sigma": 1, "images": [{"label": 1, "prediction": 1, "radius": -1}]}"#,
        #"{"sigma": 1, "images": [{"label": 1, "prediction": 1, "radius": null}]}"#,
        #"{"sigma": 1, "attack": 1}"#, #"{"sigma": 1, "attack": {"attacked": 1}}"#, #"{"sigma": 1, "n": 0.5}"#,
        #"{"sigma": 1, "alpha": 2}"#, #"{"sigma": 1, "denoiser": "a"}"#, #"{"sigma": 1, "ema": 1}"#,
        #"{"sigma": 1, "products": 16}"#, #"{"sigma": null}"#,
        #"{"sigma": 1, "images": [{"label": 1, "prediction": null, "radius": 1}]}"#,
    ])
    func damagedFilesAreRefused(text: String) throws {
        let runs = RunFixture()
        let file = try runs.write("run/certificate/certificate.json", text)
        let thrown = failure { _ = try runs.report("run") }
        #expect(thrown?.kind == .badInput)
        #expect(thrown?.description.hasPrefix(file) == true)
    }

    @Test(arguments: ["1e300", "1e29", "1e-300", "77"])
    func radiiOfAnySize(radius: String) throws {
        let runs = RunFixture()
        try runs.write(
            "run/certificate/certificate.json",
            certificate(images: #"{"label": 1, "prediction": 1, "radius": \#(radius)}"#))
        let page = try runs.report("run").html()
        #expect(page.hasSuffix("</html>\n") && page.utf8.count < 30_000 && !page.contains("nan"))
    }

    @Test func certificatesOfNothing() throws {
        let runs = RunFixture()
        try runs.evaluation("run", robust: 0.5)
        try runs.write("run/certificate/certificate.json", certificate(images: ""))
        #expect(try !runs.report("run").html().contains("certified"))
        try runs.write("run/certificate/certificate.json", certificate(images: #"{"label": 1, "prediction": null}"#))
        #expect(try runs.report("run").html().contains("100.0\u{a0}% without"))
    }
}
