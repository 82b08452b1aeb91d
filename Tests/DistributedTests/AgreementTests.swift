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
}
