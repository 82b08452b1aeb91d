/// Pointers that kernels read from and write to. A kernel's buffers never overlap unless its comment says so.
public typealias Source = UnsafePointer<Scalar>
public typealias Destination = UnsafeMutablePointer<Scalar>

@inline(__always) func load(_ p: Source) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
@inline(__always) func load(_ p: Destination) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }
@inline(__always) func store(_ v: Lanes, _ p: Destination) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Lanes.self)
}

let laneCount = Lanes.scalarCount

extension Lanes {
    /// Selects instead of calling `pointwiseMax`, which the standard library compiles to scalar code.
    @inline(__always) func maximum(_ other: Lanes) -> Lanes { replacing(with: other, where: self .< other) }
    @inline(__always) func minimum(_ other: Lanes) -> Lanes { replacing(with: other, where: other .< self) }
}
