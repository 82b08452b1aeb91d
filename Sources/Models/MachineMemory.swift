import Failures
import Glibc
import Kernels

extension Model {
    /// Throws `badInput` where so many vectors of all parameters are more than this machine's memory holds: before any
    /// is made, as a configuration may claim any size.
    public func requireMemory(vectors: Int) throws {
        let bytes = Double(parameterCount) * Double(vectors * MemoryLayout<Scalar>.stride)
        let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
        guard memory <= 0 || bytes <= memory else {
            let copies = vectors > 1 ? ", kept \(vectors) times," : ""
            throw Failure(
                .badInput,
                "model: \(parameterCount) parameters\(copies) take \(gigabytes(bytes)), and this machine has "
                    + "\(gigabytes(memory))")
        }
    }

    private func gigabytes(_ bytes: Double) -> String { "\((bytes / 1e8).rounded() / 10) GB" }
}
