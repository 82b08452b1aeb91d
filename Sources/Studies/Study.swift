import Configuration
import Failures

/// A list of trainings and of the attacks on each, as a file says it: what `launch/study` works through.
///
/// Every training starts from a configuration file and overrides, as `pag train CONFIG --set ...` does. In overrides
/// and paths, `$RUNS` stands for the folder of the study's runs.
public struct Study: Configurable {
    /// The configuration of every row that names none of its own.
    public var configuration = ""
    /// Overrides for all rows, as after `--set`; preparations have their own.
    public var set: [String] = []
    /// Where run directories go, one a row and seed: checkpoints, logs. Not kept.
    public var runs = ""
    /// Where records go, one JSON a row and seed. To be committed.
    public var results = ""
    /// Trainings whose targets rows read.
    public var preparations: [Preparation] = []
    /// Attacks on every row.
    public var evaluations: [Evaluation] = []
    /// Measured of every row.
    public var alignments: [AlignmentMeasurement] = []
    public var rows: [Row] = []

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("configuration", &configuration, check: .notEmpty)
        try fields.value("set", &set, check: .notEmpty)
        try fields.value("runs", &runs, check: .notEmpty)
        try fields.value("results", &results, check: .notEmpty)
        try fields.sections("preparations", &preparations)
        try fields.sections("evaluations", &evaluations)
        try fields.sections("alignments", &alignments)
        try fields.sections("rows", &rows)
        for (key, value) in [("configuration", configuration), ("runs", runs), ("results", results)] {
            try fields.require(!value.isEmpty, key, "is missing")
        }
        try fields.require(!rows.isEmpty, "rows", "there are none")
        let named = [
            ("rows", preparations.map(\.name) + rows.map(\.name)), ("evaluations", evaluations.map(\.name)),
            // Pages call both by their names.
            ("alignments", evaluations.map(\.name) + alignments.map(\.name)),
        ]
        for (key, names) in named {
            let twice = repeated(names)
            try fields.require(twice == nil, key, "the name \"\(twice ?? "")\" is given twice")
        }
        let known = evaluations.map(\.name)
        for row in rows {
            let unknown = row.evaluations?.first { !known.contains($0) }
            try fields.require(
                unknown == nil, "rows",
                "\(row.name) has the evaluation \"\(unknown ?? "")\", known are \(known.joined(separator: ", "))")
        }
    }

    /// Reads the file. Throws what `Configuration.read` throws.
    public static func read(file: String) throws -> Study { try Configuration.read(Study.self, file: file) }

    /// A text of the file with its `$RUNS` replaced.
    func resolved(_ text: String) -> String {
        var rest = text[...], result = ""
        while let place = rest.firstRange(of: "$RUNS") {
            result += rest[..<place.lowerBound] + runs
            rest = rest[place.upperBound...]
        }
        return result + rest
    }

    private func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }
}

/// A training that rows need, a denoiser's as a rule, and the target gradients that are computed from it:
/// `$RUNS/NAME/targets.safetensors`.
public struct Preparation: Configurable {
    public var name = ""
    /// The file that is trained, and the overrides, as after `--set`.
    public var configuration = ""
    public var set: [String] = []

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("name", &name, check: .folderName)
        try fields.value("configuration", &configuration, check: .notEmpty)
        try fields.value("set", &set, check: .notEmpty)
        try fields.require(!name.isEmpty, "name", "is missing")
        try fields.require(!configuration.isEmpty, "configuration", "is missing")
    }
}

/// An attack on a row's last checkpoint.
public struct Evaluation: Configurable {
    public var name = ""
    /// What follows `--attack`.
    public var attack: [String] = ["autoattack"]
    /// `l1`, `l2` or `linf`.
    public var norm = "l2"
    /// As the command line has it: 0.5 or 8/255.
    public var epsilon = "0.5"
    /// The first test images; null: all.
    public var samples: Int?
    /// Radii of a curve under projected gradient descent.
    public var curve: [String] = []

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("name", &name, check: .folderName)
        try fields.value("attack", &attack, count: 1...64, check: .notEmpty)
        try fields.value("norm", &norm, check: .notEmpty)
        try fields.value("epsilon", &epsilon, check: .notEmpty)
        try fields.optional("samples", &samples, check: .positive)
        try fields.value("curve", &curve, check: .notEmpty)
        try fields.require(!name.isEmpty, "name", "is missing")
    }
}

/// The alignment of every row by one yardstick: cosines with the targets of one file, on the same held-out images,
/// whatever a row was trained with, and after every epoch whose checkpoint is kept.
public struct AlignmentMeasurement: Configurable {
    public var name = ""
    /// A file of target gradients that has those of held-out images.
    public var targets = ""
    /// The first held-out images.
    public var samples = 500
    /// Of the attack at whose images the cosines are measured too.
    public var norm = "l2"
    public var epsilon = "0.5"

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("name", &name, check: .folderName)
        try fields.value("targets", &targets, check: .notEmpty)
        try fields.value("samples", &samples, check: .positive)
        try fields.value("norm", &norm, check: .notEmpty)
        try fields.value("epsilon", &epsilon, check: .notEmpty)
        try fields.require(!name.isEmpty, "name", "is missing")
        try fields.require(!targets.isEmpty, "targets", "is missing")
    }
}

/// Trainings that differ in nothing but their seed.
public struct Row: Configurable {
    public var name = ""
    /// What tables call it; empty: its name.
    public var title = ""
    /// Empty: the study's.
    public var configuration = ""
    /// Overrides, as after `--set`, behind the study's.
    public var set: [String] = []
    /// One training each.
    public var seeds: [UInt64] = [1]
    /// Names of evaluations; null: all.
    public var evaluations: [String]?
    /// The first test images, in place of what each evaluation says.
    public var samples: Int?

    public init() {}

    public mutating func visit(_ fields: inout FieldVisitor) throws {
        try fields.value("name", &name, check: .folderName)
        try fields.value("title", &title)
        try fields.value("configuration", &configuration)
        try fields.value("set", &set, check: .notEmpty)
        try fields.value("seeds", &seeds, count: 1...1000)
        try fields.optional("evaluations", &evaluations, check: .notEmpty)
        try fields.optional("samples", &samples, check: .positive)
        try fields.require(!name.isEmpty, "name", "is missing")
        try fields.require(Set(seeds).count == seeds.count, "seeds", "a seed is given twice")
    }
}

extension Check<String> {
    /// Names become folders.
    static var folderName: Check {
        Check("is no plain name, expected letters, digits, \"-\", \"_\" and \".\"") { name in
            name.utf8.first != UInt8(ascii: ".") && !name.isEmpty
                && name.unicodeScalars.allSatisfy {
                    $0.isASCII && ($0.properties.isAlphabetic || "0123456789-_.".unicodeScalars.contains($0))
                }
        }
    }
}
