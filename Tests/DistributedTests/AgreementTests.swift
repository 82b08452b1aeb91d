import Distributed
import Failures
import Testing

struct AgreementTests {
    private func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBytes { xxHash64($0) } }

    @Test func hashesAreThoseOfTheSpecification() {
        #expect(hash("") == 0xEF46_DB37_51D8_E999)
        #expect(hash("a") == 0xD24E_C4F1_A98C_6E5B)
        #expect(hash("abc") == 0x44BC_2CF5_AD77_0999)
        #expect(hash("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
    }

    @Test func equalBytesAgree() throws {
        let agreed = try ThreadCommunicator.run(ranks: 3) { communicator in
            try [1, 2, 3].withUnsafeBytes { try communicator.requireAgreement(on: $0, "parameters") }
            return true
        }
        #expect(agreed == [true, true, true])
    }

    @Test func theOddRankIsNamed() throws {
        let messages = try ThreadCommunicator.run(ranks: 4) { communicator in
            let bytes: [UInt8] = [1, 2, communicator.rank == 2 ? 4 : 3]
            do {
                try bytes.withUnsafeBytes { try communicator.requireAgreement(on: $0, "parameters") }
            } catch let failure as Failure {
                return failure.kind == .internalError ? failure.description : "wrong kind"
            }
            return ""
        }
        for message in messages {
            #expect(message.hasPrefix("parameters differ between ranks: hash "))
            #expect(message.contains(" on rank 2, against hash "))
            #expect(message.hasSuffix(" on ranks 0, 1, 3"))
        }
    }

    @Test func reportsOfAllRanksArrive() throws {
        let reports = try ThreadCommunicator.run(ranks: 3) { try MachineReport.gather($0) }
        for list in reports {
            #expect(list == reports[0])
            #expect(list.map(\.rank) == [0, 1, 2])
            #expect(list.allSatisfy { !$0.host.isEmpty && !$0.cores.isEmpty && $0.nodeSize == 3 })
        }
        #expect(reports[0][1] == (try ThreadCommunicator.run(ranks: 3) { MachineReport($0) })[1])
    }

    /// What four ranks, two a machine, throw if each has these facts.
    private func disagreement(_ facts: @escaping @Sendable (Int) -> [(String, String)]) throws -> [String] {
        try ThreadCommunicator.run(ranks: 4, perMachine: 2) { communicator in
            var agreement = JobAgreement()
            for (name, value) in facts(communicator.rank) { agreement.add(name, value, advice: "copy it") }
            do { try agreement.require(over: communicator) } catch let common as CommonFailure {
                return common.failure.kind == .badInput ? common.description : "wrong kind"
            }
            return ""
        }
    }

    @Test func oneJobIsLeftAlone() throws {
        #expect(try disagreement { _ in [("data", "3f"), ("settings", "a: 1\nb: 2")] } == ["", "", "", ""])
    }

    @Test func hostsThatDifferAreNamed() throws {
        let messages = try disagreement { [("program", "1"), ("data", $0 < 2 ? "3f" : "77")] }
        let expected = "data differs between hosts: 3f on host1 (ranks 0-1), 77 on host2 (ranks 2-3); copy it"
        #expect(messages == Array(repeating: expected, count: 4))
    }

    @Test func theLineThatDiffersIsShown() throws {
        let messages = try disagreement { [("configuration", "a: 1\n  b: \($0 == 3 ? 3 : 2)\nc: \($0)")] }
        #expect(
            messages[0] == "configuration differs between hosts: b: 2 on host1 (ranks 0-1), host2 (rank 2), "
                + "b: 3 on host2 (rank 3); copy it")
    }

    @Test func filesAreComparedByTheirContents() throws {
        let messages = try ThreadCommunicator.run(ranks: 2, perMachine: 1) { communicator in
            var agreement = JobAgreement()
            agreement.add(file: communicator.rank == 0 ? "/proc/self/exe" : "/nowhere")
            do { try agreement.require(over: communicator) } catch let common as CommonFailure {
                return common.description
            }
            return ""
        }
        #expect(
            messages[1].hasPrefix("/proc/self/exe differs between hosts: ") || messages[1].hasPrefix("/nowhere differs")
        )
        #expect(messages[1].contains("no such file on host2 (rank 1)"))
    }

    @Test func aTrialFindsAllWell() throws {
        let sums = try ThreadCommunicator.run(ranks: 4, perMachine: 2) { communicator in
            let trial = JobTrial(communicator)
            #expect(try trial.withoutSharedMemory() == "")
            #expect(try trial.ticketsAreWhole())
            #expect(try trial.links().map { [$0.first, $0.second] } == [[0, 2]])
            #expect(try trial.clockDifferences().allSatisfy { abs($0) < 60 })
            return try trial.sum().isRight
        }
        #expect(sums == [true, true, true, true])
    }
}
