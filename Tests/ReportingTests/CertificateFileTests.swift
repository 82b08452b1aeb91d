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
        try runs.write(
            "run/certificate/certificate.json", #"{"sigma": 1, \#(attack), "images": [\#(Self.images)]}"#)
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
        #expect(try runs.report("a", "c").html().contains(">c<"))
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"sigma": 0}"#, #"{"sigma": "a"}"#, #"{"sigma": 1, "images": 2}"#,
        #"{"sigma": 1, "images": [{}]}"#, #"{"sigma": 1, "images": [{"label": 1, "prediction": 1}]}"#,
        #"{"sigma": 1, "images": [{"label": 1, "prediction": 1, "radius": -1}]}"#,
        #"{"sigma": 1, "images": [{"label": 1, "prediction": 1, "radius": null}]}"#,
        #"{"sigma": 1, "attack": 1}"#, #"{"sigma": 1, "attack": {"attacked": 1}}"#, #"{"sigma": 1, "n": 0.5}"#,
        #"{"sigma": 1, "alpha": 2}"#,
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
