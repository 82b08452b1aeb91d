import Distributed

/// A communicator whose ranks say that only so many of them are on each machine.
final class SeveralMachines: CommunicatorWrapper {
    private let perMachine: Int

    init(_ other: any Communicator, perMachine: Int) {
        self.perMachine = perMachine
        super.init(other)
    }

    override var neighbours: [Int] {
        let first = rank / perMachine * perMachine
        return Array(first..<min(size, first + perMachine))
    }
    override func makeTicketCounter() throws -> any TicketCounter { try ServedTicketCounter(self) }
}
