/// How an input is made from another.
struct Mutation {
    enum Structure { case bytes, text, safetensors }

    let structure: Structure
    /// Words that the reader knows.
    var words: [String] = []

    /// What text readers stumble over.
    private static let tokens = [
        "{", "}", "[", "]", ":", ",", "\"", "'", "\\", "\n", "\r\n", "\t", " ", "#", "-", "?", "&a", "*a", "!!",
        "%TAG ",
        "|", ">", "<<", "~", "null", "true", "NaN", "-", "e", ".", "\u{0}", "\u{feff}", "\u{301}", "\\u0301", "\\ud800",
        "{}", "[]", "\"\"", "\u{85}", "\u{2028}", "é", "\u{1f600}",
    ]
    private static let numbers = [
        "0", "-0", "1", "-1", "2", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967296",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
        "18446744073709551616", "1e308", "1e309", "1e999999", "1e-400", "0.1", "00", "1.", ".5", "0x10",
        "4611686018427387904", "3037000500", "100000000000", "16", "64", "1000000",
    ]
    /// Inputs grow no further, but for a rare one that looks for time or memory that grows faster than its size.
    private static let longest = 1 << 16, longestRare = 1 << 20

    func mutated(_ seed: [UInt8], _ seeds: [[UInt8]], _ numbers: inout RandomNumbers) -> [UInt8] {
        guard structure == .safetensors, !numbers.oneIn(4) else { return changed(seed, seeds, &numbers) }
        return withHeader(of: seed, seeds, &numbers)
    }

    /// Changes the header as text and, mostly, lets its length and the data's follow.
    private func withHeader(of seed: [UInt8], _ seeds: [[UInt8]], _ numbers: inout RandomNumbers) -> [UInt8] {
        guard seed.count >= 8 else { return changed(seed, seeds, &numbers) }
        let length = min(Int(littleEndian(seed)), seed.count - 8)
        let header = Array(seed[8..<8 + length]), data = seed[(8 + length)...]
        var text = changed(header, [header], &numbers)
        if numbers.oneIn(3) { text = exchangedNumbers(text, &numbers) }
        let claimed = numbers.oneIn(8) ? numbers.next() >> UInt64(numbers.below(64)) : UInt64(text.count)
        var rest = Array(data)
        if numbers.oneIn(4) { rest = changed(rest, [rest], &numbers) }
        return withUnsafeBytes(of: claimed.littleEndian) { Array($0) } + text + rest
    }

    private func littleEndian(_ bytes: [UInt8]) -> UInt64 {
        bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) } & 0xffff_ffff
    }

    /// One change, or up to five.
    private func changed(_ seed: [UInt8], _ seeds: [[UInt8]], _ numbers: inout RandomNumbers) -> [UInt8] {
        var bytes = seed
        for _ in 0...(numbers.oneIn(2) ? 0 : numbers.below(5)) { change(&bytes, seeds, &numbers) }
        if numbers.oneIn(10_000) { repeatPart(&bytes, Self.longestRare, &numbers) }
        return bytes
    }

    private func change(_ bytes: inout [UInt8], _ seeds: [[UInt8]], _ numbers: inout RandomNumbers) {
        let place = numbers.below(bytes.count)
        let end = min(bytes.count, place + numbers.below(numbers.oneIn(4) ? 400 : 12))
        switch numbers.below(structure == .bytes ? 8 : 12) {
        case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(numbers.below(8))
        case 1 where !bytes.isEmpty:
            bytes[place] = numbers.one(of: [0, 1, 0x7f, 0x80, 0xff, UInt8(numbers.below(256))])
        case 2 where !bytes.isEmpty: bytes.removeSubrange(place..<end)
        case 3 where !bytes.isEmpty: bytes.insert(contentsOf: bytes[place..<end], at: numbers.below(bytes.count + 1))
        case 4: bytes.removeLast(numbers.oneIn(8) ? bytes.count - place : 0)
        case 5:
            let other = numbers.one(of: seeds), start = numbers.below(other.count)
            bytes.insert(contentsOf: other[start..<min(other.count, start + numbers.below(200))], at: place)
        case 6 where numbers.oneIn(20): repeatPart(&bytes, Self.longest, &numbers)
        case 7 where bytes.count >= 8:
            let value = numbers.one(of: [0, 1, 8, .max, .max >> 1, 1 << 31, 1 << 32, numbers.next()] as [UInt64])
            let width = numbers.one(of: [2, 4, 8]), at = numbers.below(bytes.count - 7)
            for i in 0..<width { bytes[at + i] = UInt8(truncatingIfNeeded: value >> UInt64(8 * i)) }
        case 8: bytes.insert(contentsOf: numbers.one(of: Self.tokens).utf8, at: place)
        case 9 where !words.isEmpty: bytes.insert(contentsOf: numbers.one(of: words).utf8, at: place)
        case 10: bytes = exchangedNumbers(bytes, &numbers)
        default: bytes.insert(UInt8(numbers.below(256)), at: place)
        }
        if bytes.count > Self.longest { bytes.removeLast(bytes.count - Self.longest) }
    }

    /// Another number for one that is written in digits.
    private func exchangedNumbers(_ bytes: [UInt8], _ numbers: inout RandomNumbers) -> [UInt8] {
        func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        let start = numbers.below(bytes.count)
        guard let first = bytes[start...].firstIndex(where: isDigit) else { return bytes }
        let end = bytes[first...].firstIndex { !isDigit($0) } ?? bytes.count
        return bytes[..<first] + Array(numbers.one(of: Self.numbers).utf8) + bytes[end...]
    }

    private func repeatPart(_ bytes: inout [UInt8], _ longest: Int, _ numbers: inout RandomNumbers) {
        guard !bytes.isEmpty else { return }
        let place = numbers.below(bytes.count)
        let part = bytes[place..<min(bytes.count, place + 1 + numbers.below(30))]
        let times = min(longest - min(bytes.count, longest), 1 << (4 + numbers.below(17))) / part.count
        bytes.insert(contentsOf: repeatElement(part, count: times).joined(), at: place)
    }
}
