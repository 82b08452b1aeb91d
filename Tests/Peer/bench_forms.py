"""Forms of the aligned-gradient step in PyTorch: what pag is compared with.

    loss = CE(f(x), y) + weight * sum_t mean_i (1 - cos(grad_x log p_t(x_i), target[i, t]))

Each form takes (network, images [B, c, h, w], labels [B], targets [B, C, c, h, w], weight) and returns the loss,
differentiable in the parameters. They differ in what BatchNorm's statistics are in the input gradient, in pag's words:

    reference   repeated    a second forward pass over the batch repeated once a class, as the method's authors have it
    loop        per-class   one forward pass; the classes' gradients one after the other
    vmap        per-class   one forward pass; the classes' gradients in one batched call
    manual      frozen      one forward pass; the pass back to the images is written out by hand, for all classes at
                            once, of nothing but convolutions and masks, and autograd differentiates that
"""
import torch
import torch.nn.functional as F

NHWC = torch.channels_last


def layout_of(images):
    # Images of few channels can be both; the weights of the network are what counts, and they follow the images.
    return NHWC if images.is_contiguous(memory_format=NHWC) and not images.is_contiguous() else torch.contiguous_format


def alignment(gradients, targets):
    """Both [B, C, ...]."""
    return (1 - F.cosine_similarity(gradients.flatten(2), targets.flatten(2), dim=2, eps=1e-30)).mean(0).sum()


def reference(network, images, labels, targets, weight):
    batch, classes = targets.shape[:2]
    cross_entropy = F.cross_entropy(network(images), labels)
    repeated = images.repeat_interleave(classes, 0).contiguous(memory_format=layout_of(images)).requires_grad_()
    wanted = torch.arange(classes).repeat(batch)
    likelihood = -F.cross_entropy(network(repeated), wanted, reduction="sum")
    gradients, = torch.autograd.grad(likelihood, repeated, create_graph=True)
    return cross_entropy + weight * alignment(gradients.reshape(targets.shape), targets)


def loop(network, images, labels, targets, weight):
    images = images.detach().requires_grad_()
    log_probabilities = F.log_softmax(network(images), 1)
    gradients = [
        torch.autograd.grad(log_probabilities[:, t].sum(), images, create_graph=True)[0]
        for t in range(targets.shape[1])]
    return F.nll_loss(log_probabilities, labels) + weight * alignment(torch.stack(gradients, 1), targets)


def vmap(network, images, labels, targets, weight):
    images = images.detach().requires_grad_()
    log_probabilities = F.log_softmax(network(images), 1)
    batch, classes = targets.shape[:2]
    rows = torch.eye(classes, dtype=images.dtype)[:, None].expand(-1, batch, -1)
    gradients, = torch.autograd.grad(log_probabilities, images, rows, create_graph=True, is_grads_batched=True)
    return F.nll_loss(log_probabilities, labels) + weight * alignment(gradients.transpose(0, 1), targets)


class ConvolutionBack(torch.autograd.Function):
    """The input gradient of a convolution as an operation of its own, whose derivatives are a convolution and a weight
    gradient. Autograd's generic rule for it takes more and slower passes."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu")
    def forward(ctx, cotangent, filters, stride, padding, side):
        ctx.save_for_backward(cotangent, filters)
        ctx.settings = stride, padding
        extra = [
            full - ((part - 1) * stride - 2 * padding + filters.shape[-1])
            for full, part in zip(side, cotangent.shape[2:])]
        return F.conv_transpose2d(cotangent, filters, None, stride, padding, extra)

    @staticmethod
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, change):
        cotangent, filters = ctx.saved_tensors
        if torch.is_autocast_enabled("cpu"):
            cotangent, filters, change = (tensor.bfloat16() for tensor in (cotangent, filters, change))
        stride, padding = ctx.settings
        to_cotangent = F.conv2d(change, filters, None, stride, padding) if ctx.needs_input_grad[0] else None
        _, to_filters, _ = torch.ops.aten.convolution_backward(
            cotangent, change, filters, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1,
            [False, True, False])
        return to_cotangent, to_filters, None, None, None


def manual(network, images, labels, targets, weight):
    batch, classes = targets.shape[:2]

    def normalised(convolution, norm, x):
        """The layer pair's output, and what its pass back needs: the scale may go into the filters."""
        y = convolution(x)
        # Autocast's own normalisation sums in float32 too.
        wide = y.float() if y.dtype == torch.bfloat16 else y
        variance, mean = torch.var_mean(wide, (0, 2, 3), correction=0)
        count = y.numel() / y.shape[1]
        with torch.no_grad():
            norm.running_mean.lerp_(mean, norm.momentum)
            norm.running_var.lerp_(variance * (count / (count - 1)), norm.momentum)
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        shift = norm.bias - mean * scale
        return y * scale[:, None, None] + shift[:, None, None], (convolution, scale, x.shape[2:])

    def back(cotangent, tape):
        convolution, scale, side = tape
        filters = convolution.weight * scale[:, None, None, None]
        return ConvolutionBack.apply(cotangent, filters, convolution.stride[0], convolution.padding[0], side)

    def masked(cotangent, activation):
        mask = (activation > 0).to(cotangent.dtype)
        return (cotangent.unflatten(0, (classes, batch)) * mask).flatten(0, 1)

    hidden, stem = normalised(network.conv1, network.bn1, images)
    first = hidden = F.relu(hidden)
    tapes = []
    for block in network.blocks:
        inner, tape1 = normalised(block.conv1, block.bn1, hidden)
        inner = F.relu(inner)
        outer, tape2 = normalised(block.conv2, block.bn2, inner)
        if len(block.shortcut):
            shortcut, tape3 = normalised(block.shortcut[0], block.shortcut[1], hidden)
        else:
            shortcut, tape3 = hidden, None
        hidden = F.relu(outer + shortcut)
        tapes.append((tape1, tape2, tape3, inner, hidden))
    logits = network.linear(hidden.mean((2, 3)))
    log_probabilities = F.log_softmax(logits, 1)

    # Cotangents of log p_t, [C, B, C], through the linear layer and the mean over pixels.
    rows = torch.eye(classes, dtype=images.dtype)[:, None] - log_probabilities.exp()
    pixels = hidden.shape[2] * hidden.shape[3]
    cotangent = ((rows @ network.linear.weight) / pixels).flatten(0, 1)[:, :, None, None].expand(
        -1, -1, *hidden.shape[2:])
    for tape1, tape2, tape3, inner, outer in reversed(tapes):
        cotangent = masked(cotangent, outer)
        around = cotangent if tape3 is None else back(cotangent, tape3)
        cotangent = around + back(masked(back(cotangent, tape2), inner), tape1)
    gradients = back(masked(cotangent, first), stem).unflatten(0, (classes, batch)).transpose(0, 1)
    return F.nll_loss(log_probabilities, labels) + weight * alignment(gradients, targets)


FORMS = {"reference": reference, "loop": loop, "vmap": vmap, "manual": manual}
STATISTICS = {"reference": "repeated", "loop": "per-class", "vmap": "per-class", "manual": "frozen"}
