import Autodiff
import Figures
import Models

/// A classifier's accuracy on held-out images, clean and under attack.
struct RobustnessMonitor: HeldOutMonitor {
    private let measurement: RobustnessMeasurement
    private let data: TrainingData
    private let attack: String

    init(_ measurement: RobustnessMeasurement, _ context: HeldOutContext) {
        self.measurement = measurement
        data = context.data
        attack = context.settings.attack
    }

    func validate() throws { try measurement.validate(data) }
    func prepare() {}

    func callAsFunction(_ state: ModelState, parameters: Storage) throws -> HeldOutReport {
        let found = try measurement.evaluate(state, parameters, data)
        return HeldOutReport(
            figures: [
                (.heldOutAccuracy, .number(found.cleanAccuracy)),
                (.heldOutRobustAccuracy, .number(found.robustAccuracy)),
            ],
            summary: "held-out accuracy \(rounded(100 * found.cleanAccuracy, 1)) % clean, "
                + "\(rounded(100 * found.robustAccuracy, 1)) % under \(attack)",
            notes: found.notes)
    }
}
