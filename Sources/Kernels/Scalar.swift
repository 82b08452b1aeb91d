public import CLanes

/// The element type of every tensor. Float runs; Double (PAG_SCALAR=double) exists so that tests can be exact.
#if PAG_DOUBLE
    public typealias Scalar = Double
#else
    public typealias Scalar = Float
#endif

/// Eight lanes: one AVX register of Float, two of Double.
public typealias Lanes = SIMD8<Scalar>

/// As many lanes as a register of the instruction set that this was built for has: sixteen with AVX-512, or eight. For
/// what has arithmetic enough to gain from the former, and channels enough to fill them.
public typealias RegisterLanes = pag_register_lanes

/// A panel's sixteen numbers: one register of AVX-512, two of AVX2.
public typealias PanelLanes = SIMD16<Scalar>
