import Kernels
import Testing

@Suite struct BFloat16Tests {
    /// The definition: a multiple of the spacing of eight-bit significands, the even one in a tie.
    private func nearest(_ x: Scalar) -> Scalar {
        guard x.isFinite, x != 0 else { return x }
        let spacing = Scalar(sign: .plus, exponent: x.exponent - 7, significand: 1)
        return (x / spacing).rounded(.toNearestOrEven) * spacing
    }

    @Test func nearestAndEvenInATie() {
        var x: [Scalar] = []
        for exponent in [-100, -14, -1, 0, 3, 90] {
            for significand in 0..<512 {
                // Every number of eight bits, every tie between two, and both sides of each.
                let value = Scalar(sign: .plus, exponent: exponent, significand: 1 + Scalar(significand) / 512)
                x += [value, value.nextUp, value.nextDown, -value, -value.nextUp]
            }
        }
        #expect(rounded(x) == x.map(nearest))
        // 21 numbers: a whole vector and a rest.
        for count in [1, 15, 16, 17, 21] { #expect(rounded(Array(x.prefix(count))) == x.prefix(count).map(nearest)) }
    }

    /// What `torch.tensor(x).bfloat16().float()` says, PyTorch 2.
    @Test func agreesWithPyTorch() {
        let known: [(Scalar, Scalar)] = [
            (3.14159265, 3.140625), (0.1, 0.10009765625), (-1.00390625, -1), (1.01171875, 1.015625),
            (1e-3, 0.00099945068359375), (65504, 65536), (-2.7182818, -2.71875), (0.33333334, 0.333984375),
        ]
        #expect(rounded(known.map(\.0)) == known.map(\.1))
    }

    @Test func whatIsNoNumberStaysSo() {
        let out = rounded([.infinity, -.infinity, .nan, -.nan, 0, -0.0])
        #expect(out[0] == .infinity && out[1] == -.infinity && out[2].isNaN && out[3].isNaN)
        #expect(out[4] == 0 && out[5] == 0 && out[5].sign == .minus)
        #expect(rounded([.greatestFiniteMagnitude, -.greatestFiniteMagnitude]) == [.infinity, -.infinity])
    }
}
