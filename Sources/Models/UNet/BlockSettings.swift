import Layers

/// What the blocks of a U-Net have in common.
struct BlockSettings {
    let timeWidth: Int
    let activation: Activation
    let groups: Int
    let epsilon: Double
    let conditioning: UNet.TimeConditioning
    /// Channels of an attention head; nil: one head.
    let headWidth: Int?

    init(_ unet: UNet, timeWidth: Int) {
        self.timeWidth = timeWidth
        activation = unet.activation.activation
        groups = unet.groups
        epsilon = unet.epsilon
        conditioning = unet.timeConditioning
        headWidth = unet.headWidth
    }
}
