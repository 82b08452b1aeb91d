/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): an input is a function of seed and number alone, so that one that was
/// found can be made again.
struct RandomNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, input: Int) { state = seed &* 0xd134_2543_de82_ef95 ^ UInt64(input) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }
    mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }
    mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }
}
