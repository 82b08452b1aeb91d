import Configuration
import Diffusion
import Testing

/// Against alphas_cumprod by the formulas of diffusers 0.42's DDPMScheduler, which computes them in single
/// precision, in double precision by numpy.
@Suite struct ScheduleTests {
    private func process(_ text: String) throws -> DiffusionProcess {
        try Configuration.read(text: text, source: "test")
    }

    @Test func linear() throws {
        let levels = try process("{noise: {kind: linear}}").levels
        #expect(levels.count == 1000)
        let expected = [
            (0, 0.9999), (1, 0.999780092072), (100, 0.895141590898), (500, 0.077796658365), (999, 4.03582976538e-05),
        ]
        for (time, kept) in expected { #expect(abs(levels.signal[time] * levels.signal[time] - kept) < 1e-10) }
    }

    @Test func cosine() throws {
        let levels = try process("{noise: {kind: cosine}, timesteps: 500}").levels
        #expect(levels.count == 500)
        let expected = [
            (0, 0.999912575927), (1, 0.999805731203), (250, 0.49072683015), (498, 9.71504403617e-06),
            (499, 9.71504403617e-09),
        ]
        for (time, kept) in expected { #expect(abs(levels.signal[time] * levels.signal[time] - kept) < 1e-10) }
    }

    @Test func signalAndNoiseHaveUnitVariance() throws {
        let levels = try process("{noise: {kind: cosine}, timesteps: 50}").levels
        for (signal, deviation) in zip(levels.signal, levels.deviation) {
            #expect(abs(signal * signal + deviation * deviation - 1) < 1e-12)
        }
        #expect(zip(levels.signal, levels.signal.dropFirst()).allSatisfy { $0 > $1 })
    }
}
