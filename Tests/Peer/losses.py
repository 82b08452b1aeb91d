#!/usr/bin/env python3
"""Loss and parameter gradients of the adversarial baselines, and steps of their inner attacks, by PyTorch in float64.

    losses.py FILE.safetensors

writes what Tests/TrainingTests/Losses/losses.safetensors holds. Needs torch and safetensors. Losses are given perturbed
images, so that they can be compared exactly; attacks are given the points they start from. TRADES and MART have the
constants of their authors' code, and as there nothing in the losses is detached.

    param.*  x  y  perturbed  g                         network, images in [0, 1], labels, perturbed images, targets
    expect.LOSS.loss, .grad.PARAMETER, .buffer.BUFFER   metadata LOSS: pag's `loss` section
    start.NORM  expect.attack.NORM-GOAL-STATISTICS      metadata attack.*: pag's `attack` section
    noise                                               [draws, B, C, H, W], added to x or perturbed by losses of
                                                        noisy copies; each copy is a pass of its own
    expect.smoothed.NORM-STATISTICS                     metadata smoothed.*: a `loss` section with an attack on
                                                        -log mean p_y under this noise

Buffers are those after one update by the mean of what the passes saw, which is what pag commits; the authors' code
updates once a pass.
"""
import json
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from bench_network import ResNet

CLASSES, BATCH, SHAPE = 5, 6, (3, 8, 8)
WIDTHS, BLOCKS = [4, 6], [1, 1]
SEED = 4


class Frozen:
    """In a `with`, BatchNorm normalises by the statistics that each layer had in the pass before."""

    def __init__(self, network):
        self.layers = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        self.statistics = {}
        for layer in self.layers:
            layer.register_forward_pre_hook(self.note)

    def note(self, layer, inputs):
        if layer.training:
            self.statistics[layer] = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)

    def __enter__(self):
        for layer in self.layers:
            mean, variance = self.statistics[layer]
            layer.forward = lambda x, m=layer, a=mean, v=variance: self.normalise(m, x, a, v)
            layer.training = False

    def __exit__(self, *_):
        for layer in self.layers:
            del layer.forward
            layer.training = True

    @staticmethod
    def normalise(layer, x, mean, variance):
        def column(v):
            return v.view(1, -1, 1, 1)

        scaled = (x - column(mean)) / (column(variance) + layer.eps).sqrt()
        return scaled * column(layer.weight) + column(layer.bias)


def trades(natural, perturbed, y, beta):
    kl = F.kl_div(F.log_softmax(perturbed, 1), F.softmax(natural, 1), reduction="sum") / len(y)
    return F.cross_entropy(natural, y) + beta * kl


def mart(natural, perturbed, y, beta):
    p_perturbed, p_natural = F.softmax(perturbed, 1), F.softmax(natural, 1)
    order = p_perturbed.argsort(1)
    other = torch.where(order[:, -1] == y, order[:, -2], order[:, -1])
    boosted = F.cross_entropy(perturbed, y) + F.nll_loss(torch.log(1.0001 - p_perturbed + 1e-12), other)
    kl = F.kl_div(torch.log(p_perturbed + 1e-12), p_natural, reduction="none").sum(1)
    return boosted + beta * (kl * (1.0000001 - p_natural.gather(1, y[:, None])[:, 0])).mean()


def consistency(logits, y, lbd, eta):
    p = [F.softmax(z, 1) for z in logits]
    mean = sum(p) / len(p)
    kl = sum(F.kl_div(F.log_softmax(z, 1), mean, reduction="none").sum(1) for z in logits) / len(logits)
    entropy = -(mean * mean.log()).sum(1)
    return sum(F.cross_entropy(z, y) for z in logits) / len(logits) + (lbd * kl + eta * entropy).mean()


def input_gradient(network, frozen, x, statistics, scalar):
    """The logits of x, and the gradient of scalar(logits) by x with BatchNorm's statistics constants in it or not."""
    x = x.clone().requires_grad_(True)
    logits = network(x)
    if statistics == "per-class":
        return logits, torch.autograd.grad(scalar(logits), x, create_graph=True)[0]
    with frozen:
        again = x.detach().clone().requires_grad_(True)
        return logits, torch.autograd.grad(scalar(network(again)), again, create_graph=True)[0]


def penalty(network, frozen, x, y, weight, norm, statistics):
    logits, gradient = input_gradient(
        network, frozen, x, statistics, lambda z: F.cross_entropy(z, y, reduction="sum"))
    return F.cross_entropy(logits, y) + weight * gradient.flatten(1).norm(p=norm, dim=1).mean()


def curvature(network, frozen, x, y, weight, distance, direction, statistics):
    def scalar(z):
        return F.cross_entropy(z, y, reduction="sum")

    logits, here = input_gradient(network, frozen, x, statistics, scalar)
    z = here.detach().sign() if direction == "linf" else here.detach()
    z = distance * z / z.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    further, there = input_gradient(network, frozen, x + z, statistics, scalar)
    return F.cross_entropy(logits, y) + weight * (there - here).flatten(1).square().sum(1).mean(), x + z


def alignment(network, frozen, x, g):
    total = 0
    for t in range(CLASSES):
        logits, gradient = input_gradient(network, frozen, x, "frozen", lambda z: F.log_softmax(z, 1)[:, t].sum())
        total = total + (1 - F.cosine_similarity(gradient.flatten(1), g[:, t].flatten(1), eps=1e-30)).mean()
    return logits, total


def attack(network, start, x, y, norm, epsilon, step, steps, goal, statistics, noise=None):
    network.train(statistics == "train")
    with torch.no_grad():
        natural = F.softmax(network(x), 1)
    perturbed, smallest = start.clone(), 1.0
    for _ in range(steps):
        perturbed.requires_grad_(True)
        if goal == "smoothed":
            mean = sum(F.softmax(network(perturbed + n), 1) for n in noise) / len(noise)
            loss = F.nll_loss(mean.log(), y, reduction="sum")
        else:
            logits = network(perturbed)
            loss = (F.cross_entropy(logits, y, reduction="sum") if goal == "ce"
                    else F.kl_div(F.log_softmax(logits, 1), natural, reduction="sum"))
        gradient, = torch.autograd.grad(loss, perturbed)
        with torch.no_grad():
            smallest = min(smallest, (gradient.abs() / gradient.abs().amax((1, 2, 3), True)).min().item())
            if norm == "linf":
                perturbed = (perturbed + step * gradient.sign()).clamp(x - epsilon, x + epsilon)
            else:
                def length(v):
                    return v.flatten(1).norm(dim=1).view(-1, 1, 1, 1)

                delta = perturbed + step * gradient / length(gradient) - x
                perturbed = x + delta * (epsilon / length(delta)).clamp(max=1)
            perturbed = perturbed.clamp(0, 1)
    # A sign must not hang on rounding.
    assert norm == "l2" or smallest > 1e-5, smallest
    return perturbed


def main(path):
    torch.manual_seed(SEED)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    network = ResNet(WIDTHS, BLOCKS, SHAPE[0], CLASSES, F.gelu)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.2)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 2)
    for name, parameter in network.named_parameters():
        if "bn" in name or "shortcut.1" in name:
            parameter.data += 0.2 * torch.randn_like(parameter)
    network.linear.weight.data *= 4
    before = {k: v.clone() for k, v in network.state_dict().items()}
    x, y = torch.rand(BATCH, *SHAPE), torch.randint(0, CLASSES, (BATCH,))
    perturbed = (x + 0.2 * (2 * torch.rand_like(x) - 1)).clamp(0, 1)
    # Far enough that p(x') - p(x), which the divergence's slope is made of, is more than rounding in single precision.
    start = {
        norm: (x + reach * (2 * torch.rand_like(x) - 1)).clamp(0, 1) for norm, reach in (("l2", 0.04), ("linf", 0.02))}
    g = torch.randn(BATCH, CLASSES, *SHAPE)
    noise = 0.25 * torch.randn(3, *x.shape)
    tensors = {f"param.{k}": v for k, v in before.items()} | {"x": x, "y": y, "perturbed": perturbed, "g": g, "noise": noise}
    tensors |= {f"start.{norm}": points for norm, points in start.items()}
    metadata = {
        "model": json.dumps({"kind": "resnet", "widths": WIDTHS, "blocks": BLOCKS, "activation": "gelu"}),
        "framework": f"torch {torch.__version__}"}

    def case(name, section, loss, passes):
        network.load_state_dict(before)
        network.train()
        value = loss()
        gradients = torch.autograd.grad(value, list(network.parameters()))
        tensors[f"expect.{name}.loss"] = value.detach()
        for (parameter, _), gradient in zip(network.named_parameters(), gradients):
            tensors[f"expect.{name}.grad.{parameter}"] = gradient
        after = []
        for images in passes:
            network.load_state_dict(before)
            with torch.no_grad():
                network(images)
            after.append({k: v.clone() for k, v in network.named_buffers() if "running" in k})
        for buffer in after[0]:
            tensors[f"expect.{name}.buffer.{buffer}"] = sum(a[buffer] for a in after) / len(after)
        metadata[name] = section

    aligned = "alignment: {weight: 0.3}"
    frozen = Frozen(network)
    case("at", "{kind: at}", lambda: F.cross_entropy(network(perturbed), y), [perturbed])
    case("trades", "{kind: trades, beta: 6}", lambda: trades(network(x), network(perturbed), y, 6), [x, perturbed])
    case("mart", "{kind: mart, beta: 5}", lambda: mart(network(x), network(perturbed), y, 5), [x, perturbed])
    for norm in (1, 2):
        for statistics in ("frozen", "per-class"):
            case(f"penalty-l{norm}-{statistics}",
                 f"{{kind: gradient-penalty, weight: 0.4, norm: l{norm}, statistics: {statistics}}}",
                 lambda: penalty(network, frozen, x, y, 0.4, norm, statistics), [x])

    for direction in ("linf", "l2"):
        for statistics in ("frozen", "per-class"):
            def cure():
                return curvature(network, frozen, x, y, 0.02, 1.5, direction, statistics)

            network.load_state_dict(before)
            network.train()
            further = cure()[1]
            case(f"cure-{direction}-{statistics}",
                 f"{{kind: cure, weight: 0.02, distance: 1.5, direction: {direction}, statistics: {statistics}}}",
                 lambda: cure()[0], [x, further])

    def aligned_at():
        return F.cross_entropy(network(perturbed), y) + 0.3 * alignment(network, frozen, x, g)[1]

    def aligned_penalty():
        return penalty(network, frozen, x, y, 0.4, 2, "frozen") + 0.3 * alignment(network, frozen, x, g)[1]

    def aligned_trades():
        natural, term = alignment(network, frozen, x, g)
        return trades(natural, network(perturbed), y, 6) + 0.3 * term

    case("at-aligned", f"{{kind: at, {aligned}}}", aligned_at, [x, perturbed])
    case("penalty-aligned", f"{{kind: gradient-penalty, weight: 0.4, norm: l2, {aligned}}}", aligned_penalty, [x])
    case("trades-aligned", f"{{kind: trades, beta: 6, {aligned}}}", aligned_trades, [x, perturbed])

    noisy, moved = [x + n for n in noise], [perturbed + n for n in noise]
    section = "kind: consistency, draws: 3, lambda: 20, eta: 0.5"

    def consistent():
        return consistency([network(images) for images in noisy], y, 20, 0.5)

    case("smooth-adversarial", "{kind: smooth-adversarial, draws: 3}",
         lambda: sum(F.cross_entropy(network(images), y) for images in moved) / 3, moved)
    case("consistency", f"{{{section}}}", consistent, noisy)
    case("consistency-aligned", f"{{{section}, {aligned}}}",
         lambda: consistent() + 0.3 * alignment(network, frozen, x, g)[1], noisy + [x])

    network.load_state_dict(before)
    for norm, epsilon, step, steps in (("l2", 0.5, 0.2, 4), ("linf", 0.04, 0.015, 2)):
        for statistics in ("eval", "train"):
            name = f"smoothed.{norm}-{statistics}"
            tensors[f"expect.{name}"] = attack(
                network, start[norm], x, y, norm, epsilon, step, steps, "smoothed", statistics, noise)
            network.load_state_dict(before)
            metadata[name] = (f"{{kind: smooth-adversarial, draws: 3, attack: {{norm: {norm}, epsilon: {epsilon}, "
                              f"steps: {steps}, stepSize: {step}, statistics: {statistics}}}}}")
    for norm, epsilon, step in (("l2", 0.5, 0.2), ("linf", 0.04, 0.015)):
        for goal in ("ce", "kl"):
            for statistics in ("eval", "train"):
                name = f"attack.{norm}-{goal}-{statistics}"
                tensors[f"expect.{name}"] = attack(
                    network, start[norm], x, y, norm, epsilon, step, 4, goal, statistics)
                network.load_state_dict(before)
                metadata[name] = (f"{{norm: {norm}, epsilon: {epsilon}, steps: 4, stepSize: {step}, "
                                  f"statistics: {statistics}}}")
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, path, metadata)
    for name in metadata:
        if f"expect.{name}.loss" in tensors:
            print(f"{name:24s} {tensors[f'expect.{name}.loss'].item():.6f}")


if __name__ == "__main__":
    main(sys.argv[1])
