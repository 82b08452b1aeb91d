/// The candidate that `word` is most likely a misspelling of: at most two edits away, the nearest, the first of equals.
func nearestSpelling(of word: String, among candidates: [String]) -> String? {
    // A word much longer than any name is no misspelling, and would make the table below large.
    guard word.utf8.count <= 64 else { return nil }
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
        let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
        // Two edits make any short word out of any other.
        if distance <= min(2, candidate.utf8.count - 1), distance < best?.distance ?? .max {
            best = (distance, candidate)
        }
    }
    return best?.candidate
}

/// Levenshtein's distance: insertions, deletions and substitutions of bytes.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let substituted = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
        }
    }
    return row[b.count]
}
