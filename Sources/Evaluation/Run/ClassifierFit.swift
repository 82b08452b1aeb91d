import Data
import Failures
import Models

extension Classifier {
    /// Throws `badInput` where the images are of another shape or of other classes than the classifier's.
    func requireFit(_ dataset: any Dataset) throws {
        let shape = dataset.shape, input = model.input.extents
        guard input == [shape.height, shape.width, shape.channels], classes == dataset.classNames.count else {
            throw Failure.badInput(
                dataset.name, "\(shape) images of \(dataset.classNames.count) classes",
                expected: "\(input.map(String.init).joined(separator: "x")) images of \(classes) classes, as the model "
                    + "was made for")
        }
    }
}
