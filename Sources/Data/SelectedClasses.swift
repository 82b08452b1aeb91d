import Failures
import Kernels

/// The images of some classes, whose labels are their places in the list.
struct SelectedClasses: Dataset {
    let name: String
    let classNames: [String]
    let fingerprint: String
    /// The numbers of the classes in `base`, by their new numbers.
    let classes: [Int]
    private let images: Subset
    private let labels: [Int: Int]

    /// The images of all classes.
    var base: any Dataset { images.base }

    var shape: ImageShape { images.shape }
    var range: ClosedRange<Scalar>? { images.range }
    var count: Int { images.count }

    init(_ base: any Dataset, classes: [Int]) {
        let labels = Dictionary(uniqueKeysWithValues: classes.enumerated().map { ($1, $0) })
        images = Subset(base, indices: (0..<base.count).filter { labels[base.label($0)] != nil })
        self.labels = labels
        self.classes = classes
        name = base.name
        classNames = classes.map { base.classNames[$0] }
        var fingerprint = Fingerprint(
            name: "classes of \(base.fingerprint)", shape: base.shape, classNames: classNames, count: images.count)
        classes.withUnsafeBytes { fingerprint.add($0) }
        self.fingerprint = fingerprint.text()
    }

    func label(_ index: Int) -> Int { labels[images.label(index)] ?? 0 }
    func read(_ index: Int, into image: UnsafeMutablePointer<Scalar>) { images.read(index, into: image) }

    /// The numbers of classes that a user names, or gives as numbers where no class is called so. Throws
    /// `Failure.badInput` for fewer than two, unknown and repeated ones.
    static func numbers(of wanted: [String], among names: [String]) throws -> [Int] {
        let place = "data.classes"
        guard wanted.count >= 2 else {
            throw Failure.badInput(
                place, "\(wanted.count) class\(wanted.count == 1 ? "" : "es")", expected: "at least 2")
        }
        var numbers: [Int] = []
        for text in wanted {
            let number = try number(of: text, among: names, place)
            guard !numbers.contains(number) else {
                throw Failure.badInput(place, "class \(names[number].debugDescription) is there twice")
            }
            numbers.append(number)
        }
        return numbers
    }

    fileprivate static func number(of text: String, among names: [String], _ place: String) throws -> Int {
        let byNumber = Int(text).flatMap { names.indices.contains($0) ? $0 : nil }
        guard let number = names.firstIndex(of: text) ?? byNumber else {
            let shown = names.prefix(100).joined(separator: ", ") + (names.count > 100 ? ", ..." : "")
            throw Failure.badInput(
                place, "unknown class \(text.debugDescription)",
                expected: "some of \(shown), or their numbers from 0 to \(names.count - 1)")
        }
        return number
    }
}

extension Dataset {
    /// The number of a class that a user names, or gives as a number where no class is called so. Throws `badInput`.
    public func classNumber(_ text: String) throws -> Int {
        try SelectedClasses.number(of: text, among: classNames, name)
    }
}
