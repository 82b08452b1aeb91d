/// The element type of every tensor. Float runs; Double (PAG_SCALAR=double) exists so that tests can be exact.
#if PAG_DOUBLE
public typealias Scalar = Double
#else
public typealias Scalar = Float
#endif

/// Eight lanes: one AVX register of Float, two of Double.
public typealias Lanes = SIMD8<Scalar>
