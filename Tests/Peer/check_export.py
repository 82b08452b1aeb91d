#!/usr/bin/env python3
"""Exported weights in PyTorch: the same logits.

usage: check_export.py PAG CHECKPOINT       (pip install torch safetensors numpy)

Exports the checkpoint with `pag export`, loads it into a plain PyTorch network under its state_dict names, computes
logits of random images in float64, writes them as a golden file, and lets `pag verify` replay it from the same weights.
Only for residual networks with BatchNorm.
"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu}


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, activation):
        super().__init__()
        self.activation = activation
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        projected = stride != 1 or inputs != outputs
        self.shortcut = nn.Sequential(
            *([nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)] if projected else []))

    def forward(self, x):
        hidden = self.activation(self.bn1(self.conv1(x)))
        return self.activation(self.bn2(self.conv2(hidden)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, spec, channels, classes):
        super().__init__()
        if spec["kind"] == "resnet18":
            spec = spec | {"widths": [64, 128, 256, 512], "blocks": [2, 2, 2, 2]}
        self.activation = ACTIVATIONS[spec["activation"]]
        self.conv1 = nn.Conv2d(channels, spec["widths"][0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(spec["widths"][0])
        inputs = spec["widths"][0]
        self.stages = []
        for stage, (width, count) in enumerate(zip(spec["widths"], spec["blocks"])):
            blocks = []
            for block in range(count):
                blocks.append(Block(inputs, width, 2 if stage > 0 and block == 0 else 1, self.activation))
                inputs = width
            self.stages.append(f"layer{stage + 1}")
            setattr(self, self.stages[-1], nn.Sequential(*blocks))
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.activation(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return self.linear(x.mean((2, 3)))


def main(pag, checkpoint):
    with safe_open(checkpoint, "pt") as file:
        described = file.metadata()
    spec, classes = json.loads(described["model"]), int(described["classes"])
    height, width, channels = map(int, described["input"].split("x"))
    with tempfile.TemporaryDirectory() as folder:
        exported, golden = str(Path(folder) / "exported.safetensors"), str(Path(folder) / "golden.safetensors")
        subprocess.run([pag, "export", checkpoint, exported], check=True)
        with safe_open(exported, "pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}
            normalize = json.loads(file.metadata()["normalize"])
        network = ResNet(spec, channels, classes)
        network.load_state_dict(state, strict=True)
        network.double().eval()
        torch.manual_seed(1)
        x = torch.rand(32, channels, height, width, dtype=torch.float64)
        mean, std = (torch.tensor(normalize[key], dtype=torch.float64).view(1, -1, 1, 1) for key in ("mean", "std"))
        with torch.no_grad():
            logits = network((x - mean) / std)
        tensors = {f"param.{name}": value.double() if value.is_floating_point() else value for name, value in state.items()}
        tensors |= {"x": x, "y": torch.zeros(32, dtype=torch.int64), "expect.logits": logits}
        tensors["g"] = torch.zeros(32, classes, channels, height, width, dtype=torch.float64)
        model = spec | {"normalize": normalize}
        save_file(tensors, golden, {
            "model": json.dumps(model), "gradient": "logit", "statistics": "eval", "lambda": "0", "classes": str(classes)})
        return subprocess.run([pag, "verify", golden]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
