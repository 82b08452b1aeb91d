import COpenBLAS
import Glibc

/// The linear algebra library below every large matrix product.
public enum BLAS {
    /// C[m,n] = alpha * op(A)[m,k] op(B)[k,n] + beta * C, all row-major with the given row strides.
    public static func gemm(
        transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int,
        alpha: Scalar = 1, _ a: Source, stride strideA: Int, _ b: Source, stride strideB: Int,
        beta: Scalar = 0, _ c: Destination, stride strideC: Int
    ) {
        if m == 0 || n == 0 { return }
        let (ta, tb) = (transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans)
        let (lda, ldb, ldc) = (Int32(strideA), Int32(strideB), Int32(strideC))
        #if PAG_DOUBLE
            cblas_dgemm(CblasRowMajor, ta, tb, Int32(m), Int32(n), Int32(k), alpha, a, lda, b, ldb, beta, c, ldc)
        #else
            cblas_sgemm(CblasRowMajor, ta, tb, Int32(m), Int32(n), Int32(k), alpha, a, lda, b, ldb, beta, c, ldc)
        #endif
    }

    /// One thread a rank keeps the bits of a product independent of the machine's load and core count.
    public static func setThreads(_ count: Int) { openblas_set_num_threads(Int32(count)) }
    /// What the library works with now.
    public static var threads: Int { Int(openblas_get_num_threads()) }

    /// Lets the library take its working memory, which it keeps, or says that the system refuses it: at its first
    /// product the library itself would ask again for ever.
    public static func takeMemory() -> Bool {
        // Not malloc, which a compiler leaves out where free follows.
        let room = mmap(nil, workingBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let room, room != MAP_FAILED else { return false }
        munmap(room, workingBytes)
        var one: Scalar = 1, product: Scalar = 0
        gemm(m: 1, n: 1, k: 1, &one, stride: 1, &one, stride: 1, &product, stride: 1)
        return true
    }
    /// What OpenBLAS 0.3 takes on x86-64, with a little to spare.
    public static let workingBytes = 129 << 20

    /// The kernel family that OpenBLAS chose for this CPU, for example `Zen`; ranks must agree on it.
    public static var coreType: String { String(cString: openblas_get_corename()) }

    /// Version and build options in the library's own words.
    public static var build: String { String(cString: openblas_get_config()) }
}
