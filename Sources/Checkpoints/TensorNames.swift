import Failures
import Formats
import Models

/// Which tensor of a file of another program is which of a network's, and what has no counterpart.
struct TensorNames {
    /// What the file calls a parameter or statistic of the network.
    private(set) var inFile: [String: String] = [:]
    /// Tensors of the file that are none of the network's.
    private(set) var extra: [SafetensorsEntry] = []
    /// Parameters and statistics that the file does not have. Counters are no loss: older files have none.
    private(set) var missing: [String] = []

    /// What other programs call a part of a network that has the same form here.
    private static let aliases = ["fc": "linear", "classifier": "linear", "head": "linear", "downsample": "shortcut"]
    /// Wrappers around each other, a name each in front: `module._orig_mod.`, `0.model.`
    private static let deepestPrefix = 8

    init(_ file: SafetensorsFile, of model: Model) {
        let counters = Set(model.statistics.map(\.counterName))
        let wanted =
            model.parameters.map(\.name)
            + model.statistics.flatMap { [$0.meanName, $0.varianceName, $0.counterName] }
        let known = Set(wanted)
        let prefix = Self.prefix(file, known)
        for entry in file.entries {
            if entry.name.hasPrefix(prefix), let name = Self.name(entry.name.dropFirst(prefix.count), known),
                inFile[name] == nil
            {
                inFile[name] = entry.name
            } else {
                extra.append(entry)
            }
        }
        // Counters say least of what a file holds.
        extra = extra.filter { !Self.isCounter($0) } + extra.filter(Self.isCounter)
        missing = wanted.filter { inFile[$0] == nil && !counters.contains($0) }
    }

    private static func isCounter(_ entry: SafetensorsEntry) -> Bool {
        entry.name.hasSuffix("num_batches_tracked")
    }

    /// What stands before the names of most tensors: DataParallel's `module.`, a compiled module's `_orig_mod.`, the
    /// attribute that holds the network in another.
    private static func prefix(_ file: SafetensorsFile, _ known: Set<String>) -> String {
        var votes: [Substring: Int] = [:]
        for entry in file.entries {
            var rest = entry.name[...]
            for _ in 0...deepestPrefix {
                if name(rest, known) != nil { votes[entry.name[..<rest.startIndex], default: 0] += 1 }
                guard let dot = rest.utf8.firstIndex(of: UInt8(ascii: ".")) else { break }
                rest = rest[rest.utf8.index(after: dot)...]
            }
        }
        let best = votes.max { ($0.value, -$0.key.utf8.count, $1.key) < ($1.value, -$1.key.utf8.count, $0.key) }
        return String(best?.key ?? "")
    }

    /// The network's name for what a file calls `text` behind its prefix; nil for what the network does not have.
    private static func name(_ text: Substring, _ known: Set<String>) -> String? {
        let name = String(text)
        if known.contains(name) { return name }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map {
            aliases[String($0)] ?? String($0)
        }
        let other = parts.joined(separator: ".")
        return known.contains(other) ? other : nil
    }

    /// Takes the only one of the extra tensors with one of these last names and as many elements, if there is one.
    mutating func takeExtra(called names: Set<Substring>, count: Int) -> SafetensorsEntry? {
        let found = extra.indices.filter { index in
            names.contains(extra[index].name.split(separator: ".").last ?? "") && extra[index].count == count
        }
        return found.count == 1 ? extra.remove(at: found[0]) : nil
    }

    /// Leaves out extra tensors that are known to be of no use here.
    mutating func removeExtra(where isKnown: (SafetensorsEntry) -> Bool) { extra.removeAll(where: isKnown) }

    /// The first few of many names.
    static func list(_ names: [String]) -> String {
        let shown = names.prefix(3).map { String($0.quoted.dropFirst().dropLast()) }.joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
