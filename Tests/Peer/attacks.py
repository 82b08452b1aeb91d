#!/usr/bin/env python3
"""Robust accuracy of one checkpoint under pag's attacks and under torchattacks' of the same name.

    attacks.py PAG CHECKPOINT [--norm l2|linf] [--epsilon E] [--samples N] [--tolerance 0.03]

For checkpoints of `model.kind: resnet` with batch norm. Needs torch, safetensors and torchattacks (3.5.1), which
wants scipy, tqdm and requests. Exits with 1 where an accuracy differs by more than the tolerance.

Known differences: torchattacks' FAB stops at the number of classes it is given, its Square shares windows between the
images of a batch, and both draw other random numbers. Their flags are taken from the images they return.
"""
import argparse
import json
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn


class Block(nn.Module):
    def __init__(self, state, name, stride, activation):
        super().__init__()
        width, before = state[f"{name}.conv1.weight"].shape[:2]
        self.activation = activation
        self.conv1 = nn.Conv2d(before, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if f"{name}.shortcut.0.weight" in state:
            self.shortcut = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        h = self.activation(self.bn1(self.conv1(x)))
        return self.activation(self.bn2(self.conv2(h)) + self.shortcut(x))


class Network(nn.Module):
    """The network of an exported file, for images in [0, 1]."""

    def __init__(self, path, activation):
        super().__init__()
        state = load_file(path)
        with safe_open(path, "pt") as file:
            normalize = json.loads(file.metadata()["normalize"])
        self.activation = activation
        width, channels = state["conv1.weight"].shape[:2]
        self.conv1 = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        names = sorted({tuple(k.split(".")[:2]) for k in state if k.startswith("layer")})
        self.blocks = []
        for stage, block in names:
            strided = stage != "layer1" and block == "0"
            layer = Block(state, f"{stage}.{block}", 2 if strided else 1, activation)
            if not hasattr(self, stage):
                setattr(self, stage, nn.Sequential())
            getattr(self, stage).append(layer)
            self.blocks.append(layer)
        self.linear = nn.Linear(*reversed(state["linear.weight"].shape))
        self.load_state_dict(state)
        self.mean = torch.tensor(normalize["mean"]).view(1, -1, 1, 1)
        self.std = torch.tensor(normalize["std"]).view(1, -1, 1, 1)
        self.eval()

    def forward(self, x):
        h = self.activation(self.bn1(self.conv1((x - self.mean) / self.std)))
        for block in self.blocks:
            h = block(h)
        return self.linear(h.mean((2, 3)))


def references(model, norm, epsilon, classes):
    import torchattacks

    norm = {"l2": "L2", "linf": "Linf"}[norm]
    common = {"norm": norm, "eps": epsilon, "seed": 0}
    return {
        "apgd-ce": torchattacks.APGD(model, steps=100, n_restarts=1, loss="ce", **common),
        "apgd-dlr": torchattacks.APGD(model, steps=100, n_restarts=1, loss="dlr", **common),
        "apgd-t": torchattacks.APGDT(model, steps=100, n_restarts=1, n_classes=classes, **common),
        "fab-t": torchattacks.FAB(model, steps=100, n_restarts=1, multi_targeted=True, n_classes=classes, **common),
        "square": torchattacks.Square(model, n_queries=5000, n_restarts=1, **common),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pag")
    parser.add_argument("checkpoint")
    parser.add_argument("--norm", default="l2")
    parser.add_argument("--epsilon", type=float, default=0.5)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--tolerance", type=float, default=0.03)
    parser.add_argument("--activation", default="relu", choices=["relu", "gelu"])
    parser.add_argument("--attacks", default="apgd-ce,apgd-dlr,apgd-t,fab-t,square")
    options = parser.parse_args()
    torch.set_num_threads(1)

    with tempfile.TemporaryDirectory() as folder:
        def pag(*words):
            subprocess.run([options.pag, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

        pag("export", options.checkpoint, f"{folder}/model.safetensors")
        common = ("--samples", options.samples, "--norm", options.norm)
        # With no budget the images are the clean ones.
        pag("evaluate", options.checkpoint, "--attack", "fgsm", "--epsilon", 0, *common, "--out", f"{folder}/clean")
        pag("evaluate", options.checkpoint, "--attack", options.attacks, "--epsilon", options.epsilon, *common,
            "--out", f"{folder}/attacked")
        clean = load_file(f"{folder}/clean/adversarial.safetensors")
        attacked = load_file(f"{folder}/attacked/adversarial.safetensors")
        with open(f"{folder}/attacked/robustness.json", encoding="utf-8") as file:
            result = json.load(file)
        model = Network(f"{folder}/model.safetensors", getattr(F, options.activation))

    images, labels = clean["x_adv"], clean["y"]
    with torch.no_grad():
        logits = model(images)
        right = logits.argmax(1) == labels
        agree = model(attacked["x_adv"]).argmax(1) == labels
    print(f"clean: pag {result['clean_acc']:.4f}, torch {right.float().mean():.4f}")
    survived = attacked["survived"].bool()
    differing = int((agree != survived).sum())
    print(f"pag's adversarial images: torch sees {differing} of {len(labels)} otherwise")
    distances = (attacked["x_adv"] - images).flatten(1)
    distances = distances.norm(dim=1) if options.norm == "l2" else distances.abs().amax(1)
    print(f"largest distance {distances.max():.6f} of {options.epsilon}")

    failed = differing > 1
    attacks = references(model, options.norm, options.epsilon, logits.shape[1])
    everything = right.clone()
    for entry in result["attacks"]:
        if entry["name"] not in attacks:
            continue
        found = attacks[entry["name"]](images[right], labels[right])
        with torch.no_grad():
            holds = model(found).argmax(1) == labels[right]
        moved = (found - images[right]).flatten(1)
        moved = moved.norm(dim=1) if options.norm == "l2" else moved.abs().amax(1)
        holds |= moved > options.epsilon * (1 + 1e-5)
        flags = right.clone()
        flags[right] = holds
        everything &= flags
        theirs = flags.float().mean().item()
        ours = entry["robust_acc"]
        far = abs(ours - theirs) > options.tolerance
        failed |= far
        print(f"{entry['name']:10} pag {ours:.4f}  torchattacks {theirs:.4f}" + ("  TOO FAR APART" if far else ""))
        sys.stdout.flush()
    print(f"all        pag {result['robust_acc']:.4f}  torchattacks {everything.float().mean():.4f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
