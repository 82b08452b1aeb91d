#!/usr/bin/env python3
"""One aligned step of a network of the robustness literature, by PyTorch in float64.

    golden_step.py NETWORK STATISTICS OUT.safetensors

Writes weights, images, labels, targets and what the step gives: a golden file for `pag verify` and Tests/TrainingTests.
NETWORK is wide-resnet or preact-resnet18, small ones that the tests keep, or the literature's own: wide-resnet-28-10 or
preact-resnet18-full, which take minutes and gigabytes of memory. STATISTICS is eval or per-class, what plain automatic
differentiation computes. Parameters are numbers that float16 holds. Needs torch and safetensors.
"""
import json
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn


class WideBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        same = stride == 1 and inputs == outputs
        self.convShortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x):
        out = F.silu(self.bn1(x))
        hidden = self.conv2(F.silu(self.bn2(self.conv1(out))))
        return hidden + (x if self.convShortcut is None else self.convShortcut(out))


class Stage(nn.Module):
    def __init__(self, *blocks):
        super().__init__()
        self.layer = nn.Sequential(*blocks)

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, classes, depth=10, widen=1):
        super().__init__()
        self.spec = {"kind": "wide-resnet", "depth": depth, "widen": widen, "activation": "silu"}
        blocks, widths = (depth - 4) // 6, [16, 16 * widen, 32 * widen, 64 * widen]
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        for index in range(3):
            inputs, outputs, stride = widths[index], widths[index + 1], 1 if index == 0 else 2
            more = [WideBlock(outputs, outputs, 1) for _ in range(blocks - 1)]
            setattr(self, f"block{index + 1}", Stage(WideBlock(inputs, outputs, stride), *more))
        self.bn1, self.fc = nn.BatchNorm2d(widths[3]), nn.Linear(widths[3], classes)

    def forward(self, x):
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.silu(self.bn1(x)).mean((2, 3)))


class PreActivationBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False))

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.shortcut(out) if hasattr(self, "shortcut") else x
        return self.conv2(F.relu(self.bn2(self.conv1(out)))) + shortcut


class PreActResNet(nn.Module):
    def __init__(self, classes, widths=(4, 6, 8), blocks=(2, 1, 1)):
        super().__init__()
        self.spec = {"kind": "preact-resnet18", "widths": widths, "blocks": blocks}
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        inputs, stages = widths[0], []
        for index, (width, count) in enumerate(zip(widths, blocks)):
            first = PreActivationBlock(inputs, width, 1 if index == 0 else 2)
            more = [PreActivationBlock(width, width, 1) for _ in range(count - 1)]
            stages.append(f"layer{index + 1}")
            setattr(self, stages[-1], nn.Sequential(first, *more))
            inputs = width
        self.stages = stages
        self.bn, self.linear = nn.BatchNorm2d(inputs), nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.conv1(x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return self.linear(F.relu(self.bn(x)).mean((2, 3)))


# How a network is made, images, classes, side of an image. The last two are what the literature uses.
CASES = {
    "wide-resnet": (WideResNet, 3, 5, 8),
    "preact-resnet18": (PreActResNet, 3, 5, 8),
    "wide-resnet-28-10": (lambda classes: WideResNet(classes, 28, 10), 2, 10, 32),
    "preact-resnet18-full": (lambda classes: PreActResNet(classes, (64, 128, 256, 512), (2, 2, 2, 2)), 2, 10, 32),
}


def main(case, statistics, path, weight=0.7):
    if case not in CASES or statistics not in ("eval", "per-class"):
        sys.exit(__doc__)
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64)
    make, batch, classes, side = CASES[case]
    net = make(classes)
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.is_floating_point() and value.dim() == 1:
                value.copy_((1 if name.endswith("weight") else 0) + 0.3 * torch.randn_like(value))
            if value.is_floating_point():
                value.copy_(value.half().double())
    state = {k: v.clone() for k, v in net.state_dict().items()}
    net.train(statistics == "per-class")
    x = torch.rand(batch, 3, side, side).float().double().requires_grad_(True)
    y = torch.randint(classes, (batch,))
    g = torch.randn(batch, classes, 3, side, side).float().double()
    logits = net(x)
    z = F.log_softmax(logits, 1)
    gradients = torch.stack([torch.autograd.grad(z[:, c].sum(), x, create_graph=True)[0] for c in range(classes)], 1)
    cosine = F.cosine_similarity(gradients.flatten(2), g.flatten(2), dim=-1)
    ce, alignment = F.cross_entropy(logits, y), (1 - cosine).mean(0).sum()
    loss = ce + weight * alignment
    derivatives = torch.autograd.grad(loss, list(net.parameters()))
    tensors = {f"param.{k}": v.half() for k, v in state.items() if v.is_floating_point()}
    tensors |= {"x": x, "y": y, "g": g, "expect.logits": logits, "expect.input_grad": gradients}
    tensors |= {"expect.ce": ce, "expect.alignment": alignment, "expect.loss": loss}
    tensors |= {f"expect.grad.{k}": v for (k, _), v in zip(net.named_parameters(), derivatives)}
    if statistics == "per-class":
        tensors |= {f"expect.buffer.{k}": v for k, v in net.state_dict().items() if "running" in k}
    # What is given is float32 already; what is expected keeps all its digits.
    tensors |= {k: tensors[k].float() for k in ("x", "g")}
    tensors = {k: v.detach().contiguous() for k, v in tensors.items()}
    metadata = {"lambda": str(weight), "gradient": "logprob", "statistics": statistics, "model": json.dumps(net.spec)}
    save_file(tensors, path, metadata)
    print(f"ce {ce:.6f}  alignment {alignment:.6f}  loss {loss:.6f}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
