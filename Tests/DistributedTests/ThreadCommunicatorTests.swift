import Distributed
import Failures
import Testing

struct ThreadCommunicatorTests {
    @Test(arguments: [1, 2, 5])
    func collectives(ranks: Int) throws {
        let results = try ThreadCommunicator.run(ranks: ranks) { communicator in
            let rank = communicator.rank
            let mine = [UInt8](repeating: UInt8(rank), count: rank)
            let expected = (0..<ranks).map { [UInt8](repeating: UInt8($0), count: $0) }
            try communicator.barrier()
            let root = ranks - 1
            return [
                try communicator.allGather(mine) == expected,
                try communicator.gather(mine, to: root) == (rank == root ? expected : []),
                try communicator.broadcast(rank == root ? [1, 2, 3] : [], from: root) == [1, 2, 3],
                try communicator.broadcastValue(rank, from: root) == root,
                try communicator.allGatherValue(rank * 3) == (0..<ranks).map { $0 * 3 },
                try communicator.combineValues([Double(rank), -Double(rank)], max) == [Double(root), 0],
                try communicator.combineValues([Double(rank), 8], -).last == Double(8 - 8 * root),
                try communicator.anyRank(rank == root),
                try !communicator.anyRank(false),
            ]
        }
        #expect(results == Array(repeating: Array(repeating: true, count: 9), count: ranks))
    }

    @Test func messagesKeepTheirOrderUnderOneTag() throws {
        let results = try ThreadCommunicator.run(ranks: 2) { communicator in
            let other = 1 - communicator.rank
            var received = [UInt8](repeating: 0, count: 2)
            let outgoing: [UInt8] = [10, 20]
            try outgoing.withUnsafeBytes { from in
                try received.withUnsafeMutableBytes { to in
                    let exchanges = try (0..<2).map { i in
                        try communicator.exchange(
                            sends: [OutgoingMessage(to: other, .init(rebasing: from[i..<i + 1]))],
                            receives: [IncomingMessage(from: other, .init(rebasing: to[i..<i + 1]))], tag: 7)
                    }
                    // The later one first.
                    for exchange in exchanges.reversed() { try exchange.wait() }
                    #expect(try exchanges.allSatisfy { try $0.isComplete() })
                }
            }
            return received
        }
        #expect(results == [[10, 20], [10, 20]])
    }

    @Test func messagesOfAnotherLengthAreRefused() {
        #expect(throws: Failure.self) {
            try ThreadCommunicator.run(ranks: 2) { communicator in
                var bytes = [UInt8](repeating: 0, count: 3 + communicator.rank)
                try bytes.withUnsafeMutableBytes { try communicator.broadcast($0, from: 0) }
            }
        }
    }

    @Test(arguments: [1, 2, 3, 4])
    func everyTicketIsHandedOutOnce(perMachine: Int) throws {
        let taken = try ThreadCommunicator.run(ranks: 4, perMachine: perMachine) { communicator in
            let first = try communicator.makeTicketCounter()
            var mine: [Int] = []
            while case let ticket = try first.next(), ticket < 100 { mine.append(ticket) }
            try first.release()
            #expect(mine.first == communicator.rank)

            let second = try communicator.makeTicketCounter()
            _ = try second.next()
            let last = try second.next()
            #expect(last >= 4 && last < 8)
            try second.release()
            return mine
        }
        #expect(taken.flatMap { $0 }.sorted() == Array(0..<100))
    }

    @Test func oneFailureEndsTheWaitsOfAll() {
        #expect(throws: Failure(.badInput, "bad file")) {
            try ThreadCommunicator.run(ranks: 3) { communicator in
                if communicator.rank == 1 { throw Failure(.badInput, "bad file") }
                try communicator.barrier()
            }
        }
    }

    @Test func reservedTagsDoNotOverlap() {
        let communicator = SingleProcess()
        let first = communicator.reserveTags(5), second = communicator.reserveTags(2)
        #expect(second >= first + 5)
    }
}
