import Testing
import Training

@Suite struct StreamPlanTests {
    private func plan(
        images: Int = 1, coupled: Bool = false, perImage: Bool = true, canShare: Bool = true, given: Int? = nil,
        givenImages: Int? = nil, activations: Int, parameters: Int = 0, budget: Int = 1 << 30
    ) -> StreamPlan {
        StreamPlan(
            classes: 10, images: images, isCoupled: coupled, isPerImage: perImage, canShareReference: canShare,
            givenClasses: given, givenImages: givenImages, activations: activations, parameters: parameters,
            budget: budget)
    }

    @Test func coupledClassesGoTogether() {
        let plan = plan(coupled: true, given: 2, activations: 1 << 30)
        #expect(plan.classChunk == 10 && !plan.sharesReference)
    }

    @Test func theUserDecides() {
        #expect(plan(given: 3, activations: 1).classChunk == 3)
        #expect(plan(given: 3, activations: 1).sharesReference)
        #expect(!plan(given: 3, activations: 1 << 30).sharesReference)
        #expect(plan(given: 99, activations: 1).sharesReference)
        #expect(plan(given: 99, activations: 1).classChunk == 10)
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
        #expect(small.classChunk == 3 && small.sharesReference)
        // Of nine streams seven at most fit: as five and four.
        #expect(plan(activations: 100 << 20, parameters: 45 << 20).classChunk == 5)
        #expect(plan(activations: 0).classChunk == 9)
    }

    @Test func largeShardsAreCut() {
        // 64 streams of half a megabyte stay in the cache: three classes of 21 images.
        let cut = plan(images: 64, activations: 32 << 20)
        #expect(cut.imageChunks == [0..<16, 16..<32, 32..<48, 48..<64] && cut.classChunk == 3 && !cut.isOnePass)
        #expect(plan(images: 64, givenImages: 40, activations: 32 << 20).imageChunks == [0..<40, 40..<64])
        #expect(plan(images: 64, givenImages: 99, activations: 32 << 20).imageChunks == [0..<64])
        // Not where every image depends on all, nor where filters are large beside images.
        #expect(plan(images: 64, perImage: false, activations: 32 << 20).imageChunks == [0..<64])
        #expect(plan(images: 64, coupled: true, activations: 32 << 20).imageChunks == [0..<64])
        #expect(plan(images: 16, activations: 40 << 20, parameters: 45 << 20).imageChunks == [0..<16])
    }

    @Test func whatDoesNotFitIsTakenInChunks() {
        let large = plan(activations: 100 << 20, parameters: 45 << 20, budget: 600 << 20)
        // Three at most of ten.
        #expect(large.classChunk == 3 && !large.sharesReference)
        #expect(plan(activations: 2 << 30).classChunk == 1)
        #expect(!plan(canShare: false, activations: 1).sharesReference)
    }
}
