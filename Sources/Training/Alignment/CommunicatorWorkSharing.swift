import Distributed
import Targets

/// Tasks dealt out in contiguous ranges over the ranks, results exchanged.
struct CommunicatorWorkSharing: WorkSharing {
    let communicator: any Communicator

    func share(_ count: Int, _ body: (Int) throws -> [Int32]) throws -> [[Int32]] {
        var mine: [UInt8] = []
        for task in communicator.share(of: count) {
            communicator.heartbeat.beat()
            let result = try body(task)
            append(Int32(result.count), to: &mine)
            for number in result { append(number, to: &mine) }
        }
        var results: [[Int32]] = []
        for bytes in try communicator.allGather(mine) {
            let numbers = bytes.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
            var position = 0
            while position < numbers.count {
                let length = Int(numbers[position])
                results.append(Array(numbers[(position + 1)...(position + length)]))
                position += length + 1
            }
        }
        return results
    }

    private func append(_ number: Int32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }
}
