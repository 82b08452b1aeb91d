import Formats

/// The runs' pictures; those with the same title stand side by side.
struct ReportPictures {
    let runs: [Run]

    func html() -> HTML {
        var titles: [String] = []
        for picture in runs.flatMap({ $0.directory.pictures }) where !titles.contains(picture.title) {
            titles.append(picture.title)
        }
        guard !titles.isEmpty else { return .empty }
        let groups = titles.flatMap { title -> [HTML] in
            let figures = runs.flatMap { run in
                run.directory.pictures.filter { $0.title == title }.map { figure($0, of: run) }
            }
            return [.element("h3", [:], "\(title)"), .element("div", ["class": "grid"], figures)]
        }
        return .element("section", [:], [.element("h2", [:], "Pictures")] + groups)
    }

    private func figure(_ picture: PictureFile, of run: Run) -> HTML {
        let names = (runs.count > 1 ? [run.name] : []) + [picture.part].compactMap { $0 }
        // Shrunk to half of the page, small labels in a picture become hard to read.
        return .element(
            "figure", ["class": picture.width > 640 ? "picture wide" : "picture"],
            names.isEmpty
                ? .empty
                : .element(
                    "figcaption", [:], runs.count > 1 ? run.swatch : .empty, "\(names.joined(separator: ", "))"),
            .void(
                "img",
                [
                    "src": "data:image/png;base64,\(Base64.encode(picture.png))",
                    "alt": "\(([picture.title, run.name] + [picture.part].compactMap { $0 }).joined(separator: ", "))",
                    "width": "\(picture.width)", "height": "\(picture.height)",
                ]),
            picture.caption.isEmpty ? .empty : .element("p", [:], "\(picture.caption)"))
    }
}
