/// What becomes of a register of results on its way to memory: the parts of a `ConvolutionEpilogue`, put together.
protocol RegisterFinish {
    /// For image `image`, of `count` numbers.
    func at(image: Int, count: Int) -> Self
    /// Of the numbers from number `place` of the image on, which belong to channels from `channel` on.
    func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes
}

/// Nothing.
struct Unfinished: RegisterFinish {
    @inline(__always) func at(image: Int, count: Int) -> Unfinished { self }
    @inline(__always) func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes {
        numbers
    }
}

/// Adds a number of each channel.
struct Shifted<Base: RegisterFinish>: RegisterFinish {
    let base: Base
    let shift: Source

    @inline(__always) func at(image: Int, count: Int) -> Shifted {
        Shifted(base: base.at(image: image, count: count), shift: shift)
    }
    @inline(__always) func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes {
        base(numbers, at: place, channel: channel) + load(shift + channel, as: RegisterLanes.self)
    }
}

/// Adds numbers of the same place.
struct WithAddend<Base: RegisterFinish>: RegisterFinish {
    let base: Base
    let addend: Source

    @inline(__always) func at(image: Int, count: Int) -> WithAddend {
        WithAddend(base: base.at(image: image, count: count), addend: addend + image &* count)
    }
    @inline(__always) func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes {
        base(numbers, at: place, channel: channel) + load(addend + place, as: RegisterLanes.self)
    }
}

/// Not below a number.
struct Bounded<Base: RegisterFinish>: RegisterFinish {
    let base: Base
    let lowest: Scalar

    @inline(__always) func at(image: Int, count: Int) -> Bounded {
        Bounded(base: base.at(image: image, count: count), lowest: lowest)
    }
    @inline(__always) func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes {
        base(numbers, at: place, channel: channel).maximum(RegisterLanes(repeating: lowest))
    }
}

/// Zero where a gate is not positive; as many images of gates as there are meet those of the result in turn.
struct Gated<Base: RegisterFinish>: RegisterFinish {
    let base: Base
    let gate: Source
    let images: Int

    @inline(__always) func at(image: Int, count: Int) -> Gated {
        Gated(base: base.at(image: image, count: count), gate: gate + image % images &* count, images: images)
    }
    @inline(__always) func callAsFunction(_ numbers: RegisterLanes, at place: Int, channel: Int) -> RegisterLanes {
        base(numbers, at: place, channel: channel).open(where: load(gate + place, as: RegisterLanes.self))
    }
}

/// Places at equal distances, for numbers that are finished on the way.
struct FinishedPlaces<Finish: RegisterFinish>: WritableLine {
    let finish: Finish
    /// The image, and numbers from its begin to the first place, and from one place to the next.
    let image: Destination, start, stride: Int
    let channel: Int
    /// Past the cache, at aligned places.
    let aroundCache: Bool

    @inline(__always) subscript(_ index: Int) -> RegisterLanes {
        get { load(image + (start &+ index &* stride), as: RegisterLanes.self) }
        nonmutating set {
            let place = start &+ index &* stride, numbers = finish(newValue, at: place, channel: channel)
            if aroundCache { storeAroundCache(numbers, image + place) } else { store(numbers, image + place) }
        }
    }
}
