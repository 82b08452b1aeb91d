import Distributed
import Glibc
import Synchronization
import Testing

struct WatchdogTests {
    /// The first message, or nil if there is none in time.
    private final class Box: Sendable {
        private let message = Mutex<String?>(nil)
        func put(_ text: String) { message.withLock { $0 = $0 ?? text } }
        func wait(seconds: Int) -> String? {
            for _ in 0..<seconds * 100 {
                if let text = message.withLock({ $0 }) { return text }
                usleep(10_000)
            }
            return nil
        }
    }

    @Test func aHeartThatStopsIsNoticed() throws {
        let heartbeat = Heartbeat(), box = Box()
        heartbeat.beat("training", step: 12)
        let watchdog = try Watchdog(heartbeat, rank: 3, seconds: 0.1) { box.put($0) }
        let message = try #require(box.wait(seconds: 60))
        watchdog.stop()
        #expect(message.hasPrefix("pag: rank 3 on "))
        #expect(message.hasSuffix(": no progress in training (step 12) for 0.1 s: computing"))
    }

    @Test func aHeartThatBeatsIsLeftAlone() throws {
        let heartbeat = Heartbeat(), box = Box()
        let watchdog = try Watchdog(heartbeat, rank: 0, seconds: 20) { box.put($0) }
        for step in 0..<10 {
            heartbeat.beat("training", step: step)
            usleep(1000)
        }
        watchdog.stop()
        #expect(box.wait(seconds: 0) == nil)
    }

    @Test func joiningIsWatchedToo() throws {
        let heartbeat = Heartbeat(), box = Box()
        heartbeat.beat("joining", step: 0)
        let watchdog = try Watchdog(heartbeat, rank: 1, seconds: 60, joining: 0.1) { box.put($0) }
        let message = try #require(box.wait(seconds: 60))
        watchdog.stop()
        #expect(message.hasPrefix("pag: rank 1 on "))
        #expect(message.contains(": joining the job has taken 0.1 s") && message.contains("--network"))
    }

    @Test func zeroSecondsSwitchItOff() throws {
        let watchdog = try Watchdog(Heartbeat(), rank: 0, seconds: 0)
        watchdog.stop()
    }

    /// Not one of those that trainings beside it would take as meant for them.
    @Test func aSignalIsRememberedUntilCleared() throws {
        let request = try StopRequest(signals: [SIGURG])
        request.clear()
        #expect(!request.isPending && request.signalName == nil)
        // Worker threads block signals, so it is the process's and arrives when it likes.
        kill(getpid(), SIGURG)
        for _ in 0..<6000 where !request.isPending { usleep(10_000) }
        #expect(request.isPending && request.signalName == "signal \(SIGURG)")
        request.clear()
        #expect(!request.isPending)
    }
}
