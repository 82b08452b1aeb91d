import Distributed

/// A communicator whose ranks say that only so many of them are on each machine.
final class SeveralMachines: CommunicatorWrapper {
    private let perMachine: Int

    init(_ other: any Communicator, perMachine: Int) {
        self.perMachine = perMachine
        super.init(other)
    }

    override var nodeRank: Int { rank % perMachine }
    override var nodeSize: Int { min(perMachine, size - rank / perMachine * perMachine) }
}
