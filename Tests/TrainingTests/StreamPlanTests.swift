import Testing
import Training

@Suite struct StreamPlanTests {
    private func plan(
        coupled: Bool = false, canShare: Bool = true, given: Int? = nil, activations: Int, parameters: Int = 0,
        budget: Int = 1 << 30
    ) -> StreamPlan {
        StreamPlan(
            classes: 10, isCoupled: coupled, canShareReference: canShare, given: given, activations: activations,
            parameters: parameters, budget: budget)
    }

    @Test func coupledClassesGoTogether() {
        let plan = plan(coupled: true, given: 2, activations: 1 << 30)
        #expect(plan.chunk == 10 && !plan.sharesReference)
    }

    @Test func theUserDecides() {
        #expect(plan(given: 3, activations: 1).chunk == 3)
        #expect(plan(given: 3, activations: 1).sharesReference)
        #expect(!plan(given: 3, activations: 1 << 30).sharesReference)
        #expect(plan(given: 99, activations: 1).sharesReference)
        #expect(plan(given: 99, activations: 1).chunk == 10)
    }

    @Test func onePassOrSeveral() {
        #expect(plan(coupled: true, given: 2, activations: 1).isOnePass)
        // Ten classes' log-probabilities come from nine streams.
        #expect(plan(given: 9, activations: 1).isOnePass)
        #expect(!plan(given: 8, activations: 1).isOnePass)
        #expect(!plan(canShare: false, given: 9, activations: 1).isOnePass)
    }

    @Test func smallNetworksStayInTheCache() {
        let small = plan(activations: 10 << 20)
        #expect(small.chunk == 3 && small.sharesReference)
        #expect(plan(activations: 100 << 20, parameters: 45 << 20).chunk == 7)
        #expect(plan(activations: 0).chunk == 10)
    }

    @Test func whatDoesNotFitIsTakenInChunks() {
        let large = plan(activations: 100 << 20, parameters: 45 << 20, budget: 600 << 20)
        #expect(large.chunk == 3 && !large.sharesReference)
        #expect(plan(activations: 2 << 30).chunk == 1)
        #expect(!plan(canShare: false, activations: 1).sharesReference)
    }
}
