public import CLanes

/// Pointers that kernels read from and write to. A kernel's buffers never overlap unless its comment says so.
public typealias Source = UnsafePointer<Scalar>
/// The same, to be written to.
public typealias Destination = UnsafeMutablePointer<Scalar>

@inline(__always) func load(_ p: Source) -> Lanes { load(p, as: Lanes.self) }
@inline(__always) func load(_ p: Destination) -> Lanes { load(p, as: Lanes.self) }
@inline(__always) func load<Vector: SIMD<Scalar>>(_ p: Source, as type: Vector.Type) -> Vector {
    UnsafeRawPointer(p).loadUnaligned(as: type)
}
@inline(__always) func store<Vector: SIMD<Scalar>>(_ v: Vector, _ p: Destination) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

/// Stores at an address aligned to the vector's size, past the cache: for what will not be read before it would have
/// left the cache again. Whole cache lines at a time, or memory is written in parts.
@inline(__always) func storeAroundCache(_ v: RegisterLanes, _ p: Destination) { pag_store_around_cache(v, p) }

/// Ask for the cache line of an address to come nearer, to be read or to be written; `prefetchNear` for what is written
/// next but one. The address need not exist.
@inline(__always) func prefetch(_ p: Source) { pag_prefetch_to_read(p) }
@inline(__always) func prefetchToWrite(_ p: Source) { pag_prefetch_to_write(p) }

@inline(__always) func prefetchNear(_ p: Destination) { pag_prefetch_near(p) }

let laneCount = Lanes.scalarCount
let registerLaneCount = RegisterLanes.scalarCount

extension Lanes {
    /// self + a b, rounded once; in place of the standard library's, which is not compiled to one instruction.
    @inlinable @inline(__always)
    public func addingProduct(_ a: Lanes, _ b: Lanes) -> Lanes { pag_multiply_add(a, b, self) }
    /// self += a b, rounded once.
    @inlinable @inline(__always)
    public mutating func addProduct(_ a: Lanes, _ b: Lanes) { self = addingProduct(a, b) }

    /// Selects instead of calling `pointwiseMax`, which the standard library compiles to scalar code.
    @inline(__always) func maximum(_ other: Lanes) -> Lanes { replacing(with: other, where: self .< other) }
    /// The lanes where `gate` is positive, and zeros.
    @inline(__always) func open(where gate: Lanes) -> Lanes { Lanes.zero.replacing(with: self, where: gate .> 0) }
}

extension PanelLanes {
    /// self + a b, rounded once.
    @inlinable @inline(__always)
    public func addingProduct(_ a: PanelLanes, _ b: PanelLanes) -> PanelLanes { pag_multiply_add_panel(a, b, self) }
    /// self += a b, rounded once.
    @inlinable @inline(__always)
    public mutating func addProduct(_ a: PanelLanes, _ b: PanelLanes) { self = addingProduct(a, b) }

    @inline(__always) func maximum(_ other: PanelLanes) -> PanelLanes { pag_maximum_panel(self, other) }
    /// The lanes where `gate` is positive, and zeros.
    @inline(__always) func open(where gate: PanelLanes) -> PanelLanes { pag_open_panel(self, gate) }
}
