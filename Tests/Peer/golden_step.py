#!/usr/bin/env python3
"""One aligned step of a network of the robustness literature, by PyTorch in float64.

    golden_step.py wide-resnet|preact-resnet18 STATISTICS OUT.safetensors

Writes weights, images, labels, targets and what the step gives: a golden file for `pag verify` and Tests/TrainingTests.
STATISTICS is eval or per-class, what plain automatic differentiation computes. Parameters are numbers that float16 holds.
Needs torch and safetensors.
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
    spec = {"kind": "wide-resnet", "depth": 10, "widen": 1, "activation": "silu"}

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.block1 = Stage(WideBlock(16, 16, 1))
        self.block2 = Stage(WideBlock(16, 32, 2))
        self.block3 = Stage(WideBlock(32, 64, 2))
        self.bn1, self.fc = nn.BatchNorm2d(64), nn.Linear(64, classes)

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
    spec = {"kind": "preact-resnet18", "widths": [4, 6, 8], "blocks": [2, 1, 1]}

    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.layer1 = nn.Sequential(PreActivationBlock(4, 4, 1), PreActivationBlock(4, 4, 1))
        self.layer2 = nn.Sequential(PreActivationBlock(4, 6, 2))
        self.layer3 = nn.Sequential(PreActivationBlock(6, 8, 2))
        self.bn, self.linear = nn.BatchNorm2d(8), nn.Linear(8, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.linear(F.relu(self.bn(x)).mean((2, 3)))


def main(kind, statistics, path, batch=3, classes=5, weight=0.7):
    if statistics not in ("eval", "per-class"):
        sys.exit(__doc__)
    torch.manual_seed(7)
    torch.set_default_dtype(torch.float64)
    net = {"wide-resnet": WideResNet, "preact-resnet18": PreActResNet}[kind](classes)
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
    x = torch.rand(batch, 3, 8, 8).float().double().requires_grad_(True)
    y = torch.randint(classes, (batch,))
    g = torch.randn(batch, classes, 3, 8, 8).float().double()
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
