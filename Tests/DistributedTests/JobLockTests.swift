import Distributed
import Failures
import Foundation
import TestSupport
import Testing

/// Who may write where: jobs of this process stand for jobs of a machine, and files written by hand for other machines.
struct JobLockTests {
    private let folder = TemporaryDirectory()
    private var path: String { folder.file("lock") }

    /// A second is as long as half a minute.
    private var times: LockTimes {
        var times = LockTimes()
        (times.beat, times.silence, times.settling) = (0.05, 0.6, 0.05)
        return times
    }

    private func take(over communicator: any Communicator = SingleProcess(), silence: Double? = nil) throws -> JobLock {
        var times = times
        times.silence = silence ?? times.silence
        let lock = try JobLock(
            path: path, of: "runs/x", task: "a training", advice: "choose another --run-dir", over: communicator,
            times: times)
        try lock.keep()
        return lock
    }

    private func write(boot: String, process: Int, token: String = "1f") throws {
        let text = """
            task: an evaluation
            host: node7
            process: \(process)
            started: 12
            boot: \(boot)
            job: Slurm job 42
            since: 0
            token: \(token)

            """
        try text.write(toFile: path, atomically: false, encoding: .utf8)
    }

    private var thisBoot: String {
        ((try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)) ?? "")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test func onlyOneJobHasIt() throws {
        let first = try take()
        for _ in 0..<3 {
            let failure = #expect(throws: Failure.self) { _ = try take() }
            #expect(failure?.kind == .missing)
            let words = failure?.description ?? ""
            #expect(words.hasPrefix("runs/x: is in use by a training on "))
            #expect(words.contains("(process \(getpid())") && words.hasSuffix("; choose another --run-dir"))
        }
        first.release()
        #expect(!FileManager.default.fileExists(atPath: path))
        try take().release()
    }

    @Test func allRanksOfAJobLearnIt() throws {
        let first = try take()
        defer { first.release() }
        let said = try ThreadCommunicator.run(ranks: 3) { communicator -> String in
            do { _ = try take(over: communicator) } catch let failure as Failure { return failure.description }
            return ""
        }
        #expect(Set(said).count == 1 && said[0].contains("is in use"))
    }

    @Test func ofManyThatStartAtOnceOneGetsIt() throws {
        let taken = try ThreadCommunicator.run(ranks: 8) { communicator -> Bool in
            try communicator.barrier()
            let lock = try? take()
            try communicator.barrier()
            lock?.release()
            return lock != nil
        }
        #expect(taken.count { $0 } == 1)
    }

    @Test func whatADeadProcessOfThisMachineLeftIsTakenAtOnce() throws {
        try #require(!thisBoot.isEmpty)
        try write(boot: thisBoot, process: 1)
        // Far longer than the busiest machine needs for what is not waited for.
        let start = Date.now
        try take(silence: 300).release()
        #expect(Date.now.timeIntervalSince(start) < 300)
    }

    @Test(arguments: ["", "another", "no lock at all"]) func anotherMachinesIsTakenOnceItIsSilent(boot: String) throws {
        if boot.hasPrefix("no") {
            try boot.write(toFile: path, atomically: false, encoding: .utf8)
        } else {
            try write(boot: boot, process: 1)
        }
        let start = Date.now
        let lock = try take()
        #expect(Date.now.timeIntervalSince(start) >= times.silence)
        try lock.check()
        lock.release()
    }

    @Test func anotherMachinesThatShowsALifeIsRefused() throws {
        try write(boot: "another", process: 1)
        let path = path
        let owner = Thread {
            while FileManager.default.fileExists(atPath: path), !Thread.current.isCancelled {
                try? FileManager.default.setAttributes([.modificationDate: Date.now], ofItemAtPath: path)
                usleep(50_000)
            }
        }
        owner.start()
        defer { owner.cancel() }
        let failure = #expect(throws: Failure.self) { _ = try take(silence: 300) }
        #expect(failure?.kind == .missing)
        #expect(
            failure?.description.hasPrefix(
                "runs/x: is in use by an evaluation on node7 (process 1 of Slurm job 42, since 19") == true)
        unlink(path)
    }

    @Test func aLockThatWasTakenOverIsNoticed() throws {
        let lock = try JobLock(
            path: path, of: "runs/x", task: "a training", advice: "", over: SingleProcess(), times: times)
        try lock.check()
        try write(boot: "another", process: 5, token: "2e")
        let failure = #expect(throws: Failure.self) { try lock.check() }
        #expect(failure?.kind == .missing && failure?.description.contains("node7 (process 5") == true)
        lock.release()
        unlink(path)
    }

    @Test func whereNoFileCanBeTheSystemsWordsAreGiven() throws {
        let failure = #expect(throws: Failure.self) {
            _ = try JobLock(
                path: "/proc/nowhere/lock", of: "x", task: "a", advice: "b", over: SingleProcess(), times: times)
        }
        #expect(failure?.kind == .inputOutput)
    }
}
