extension HTML {
    /// A table whose first column has the rows' names. One that is wider than its place scrolls in it, and the names stay.
    static func table(_ kind: String, _ headings: [HTML], _ rows: [[HTML]]) -> HTML {
        .element(
            "div", ["class": "scroll"],
            .element(
                "table", ["class": kind],
                .element("thead", [:], .element("tr", [:], headings.map { .element("th", ["scope": "col"], $0) })),
                .element(
                    "tbody", [:],
                    rows.map { row in
                        .element(
                            "tr", [:],
                            row.enumerated().map { i, cell in
                                i == 0 ? .element("th", ["scope": "row"], cell) : .element("td", [:], cell)
                            })
                    })))
    }

    /// Contents that show once the summary is clicked.
    static func disclosure(_ summary: String, _ content: HTML) -> HTML {
        .element("details", [:], .element("summary", [:], "\(summary)"), content)
    }
}
