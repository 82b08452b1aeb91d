#!/usr/bin/env python3
"""Robust accuracy of one checkpoint under pag's attacks and under the reference's of the same name.

    attacks.py PAG CHECKPOINT REFERENCE [--norm l1|l2|linf] [--epsilon E] [--samples N] [--cascade]

REFERENCE is the folder that holds the reference implementation of AutoAttack: the package `autoattack`
(github.com/fra31/auto-attack) or its fork on PyPI, `pyautoattack`. `cw` and `hopskipjump` are compared with foolbox's
(3.3).
For checkpoints of `model.kind: resnet` with batch norm. Needs torch and safetensors. Each attack sees all images that
are classified correctly; --cascade runs the standard version of both programs instead, one attack after the other on
what is left. Exits with 1 where accuracies differ by more than the tolerance. Times are of the clock, and in brackets
those of the processors, which can be compared on a busy machine; of pag's single attacks only the clock's are known.
--ranks N runs pag by mpirun, --threads N the reference.

Known differences: the programs draw other random numbers, and the reference's Square shares windows between the images
of a batch. So a difference of the order of the spread between seeds (--seed) says nothing.
"""
import argparse
import importlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time

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


class Reference:
    """The attacks of the reference implementation, with the settings of AutoAttack's standard version."""

    def __init__(self, folder, model, norm, epsilon, seed):
        sys.path.insert(0, os.path.abspath(folder))
        name = next((n for n in ("autoattack", "pyautoattack") if os.path.isdir(f"{folder}/{n}")), None)
        if name is None:
            sys.exit(f"{folder} holds neither autoattack nor pyautoattack")
        self.package = name
        self.model, self.norm = model, norm
        self.common = {
            "norm": {"l1": "L1", "l2": "L2", "linf": "Linf"}[norm], "eps": epsilon, "seed": seed, "device": "cpu"}

    def module(self, name):
        return importlib.import_module(f"{self.package}.{name}")

    def attack(self, name):
        logger = logging.getLogger("reference")
        apgd = {"n_restarts": 1, "n_iter": 100, "use_largereps": self.norm == "l1", "logger": logger}
        if name in ("apgd-ce", "apgd-dlr"):
            return self.module("autopgd_base").APGDAttack(
                self.model, loss=name[5:], **apgd, **self.common).perturb
        if name == "apgd-t":
            return self.module("autopgd_base").APGDAttack_targeted(
                self.model, n_target_classes=9, **apgd, **self.common).perturb
        if name == "fab-t":
            fab = self.module("fab_pt").FABAttack_PT(
                self.model, n_restarts=1, n_iter=100, n_target_classes=9, **self.common)
            fab.targeted = True
            return fab.perturb
        if name == "square":
            return self.module("square").SquareAttack(
                self.model, p_init=.8, n_queries=5000, n_restarts=1, resc_schedule=False, **self.common).perturb
        if name in ("cw", "hopskipjump"):
            return foolbox_attack(self.model, name, self.norm)
        sys.exit(f"the reference has no attack {name}")

    def standard(self, images, labels):
        """The images that the whole standard version leaves or finds."""
        words = {"version": "standard", **self.common}
        attack = self.module("autoattack").AutoAttack(self.model, **words)
        if self.package == "autoattack":
            return attack.run_standard_evaluation(images, labels, bs=250)
        return attack.run_standard_evaluation(images, labels, batch_size=250)[0]


def foolbox_attack(model, name, norm):
    import foolbox

    attack = {
        "cw": lambda: foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=1000, stepsize=0.01),
        "hopskipjump": lambda: foolbox.attacks.HopSkipJumpAttack(
            steps=25, initial_gradient_eval_steps=100, constraint=norm),
    }[name]()
    bounded = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")

    def perturb(image, label):
        try:
            return attack(bounded, image, label, epsilons=None)[0]
        except ValueError:
            # No noise was taken for another class: for foolbox an error, for pag a failed attack.
            return image

    # Each by itself, as its early end and its errors are those of a batch.
    return lambda images, labels: torch.cat([
        perturb(images[i:i + 1], labels[i:i + 1]) for i in range(len(images))])


def in_batches(perturb, images, labels, size=250):
    return torch.cat([
        perturb(images[i:i + size].clone(), labels[i:i + size].clone()).detach()
        for i in range(0, len(images), size)])


def duration(clock, processor=None):
    return f"{clock:.1f} s" + (f" ({processor:.1f} s)" if processor is not None else "")


def run_pag(options, folder):
    """The clean test images and labels, what pag has found, the exported network, and the seconds it took."""
    def pag(*words, ranks=1):
        mpirun = ["mpirun", "--quiet", "-n", str(ranks)] if ranks > 1 else []
        subprocess.run([*mpirun, options.pag, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    pag("export", options.checkpoint, f"{folder}/model.safetensors")
    data = ("--data", options.data) if options.data else ()
    common = ("--samples", options.samples, "--norm", options.norm, *data)
    # With next to no budget the images are the clean ones.
    pag("evaluate", options.checkpoint, "--attack", "fgsm", "--epsilon", 1e-12, *common, "--out", f"{folder}/clean")
    attacks = "autoattack" if options.cascade else options.attacks
    start = os.times()
    pag("evaluate", options.checkpoint, "--attack", attacks, "--epsilon", options.epsilon, *common,
        "--seed", options.seed, "--out", f"{folder}/attacked", ranks=options.ranks)
    end = os.times()
    seconds = (end.elapsed - start.elapsed,
               end.children_user + end.children_system - start.children_user - start.children_system)
    with open(f"{folder}/attacked/robustness.json", encoding="utf-8") as file:
        result = json.load(file)
    model = Network(f"{folder}/model.safetensors", getattr(F, options.activation))
    return (load_file(f"{folder}/clean/adversarial.safetensors"),
            load_file(f"{folder}/attacked/adversarial.safetensors"), result, model, seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pag")
    parser.add_argument("checkpoint")
    parser.add_argument("reference")
    parser.add_argument("--norm", default="l2", choices=["l1", "l2", "linf"])
    parser.add_argument("--epsilon", type=float, default=0.5)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tolerance", type=float, default=0.01)
    parser.add_argument("--activation", default="relu", choices=["relu", "gelu"])
    parser.add_argument("--attacks", default="apgd-ce,apgd-dlr,apgd-t,fab-t,square")
    parser.add_argument("--cascade", action="store_true")
    parser.add_argument("--data")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    with tempfile.TemporaryDirectory() as folder:
        clean, attacked, result, model, seconds = run_pag(options, folder)
    images, labels = clean["x_adv"], clean["y"]

    def correct(images):
        with torch.no_grad():
            return torch.cat([model(part).argmax(1) for part in images.split(250)]) == labels

    def distance(found):
        change = (found - images).flatten(1)
        return change.double().norm(p={"l1": 1, "l2": 2, "linf": torch.inf}[options.norm], dim=1)

    right = correct(images)
    print(f"clean: pag {result['clean_acc']:.4f}, torch {right.float().mean():.4f}")
    survived = attacked["survived"].bool()
    differing = int((correct(attacked["x_adv"]) != survived).sum())
    print(f"pag's adversarial images: torch sees {differing} of {len(labels)} otherwise")
    largest = distance(attacked["x_adv"]).max().item()
    low, high = attacked["x_adv"].min().item(), attacked["x_adv"].max().item()
    print(f"largest distance {largest:.7f} of {options.epsilon}, values from {low} to {high}")
    failed = differing > 1 or largest > options.epsilon * (1 + 1e-6) or low < 0 or high > 1

    def compare(name, ours, found, their_seconds, our_seconds):
        flags = right & (correct(found) | (distance(found) > options.epsilon * (1 + 1e-5)))
        theirs = flags.float().mean().item()
        far = abs(ours - theirs) > options.tolerance + 1e-9
        print(f"{name:10} pag {ours:.4f} {duration(*our_seconds)}  reference {theirs:.4f} {duration(*their_seconds)}"
              + ("  TOO FAR APART" if far else ""), flush=True)
        return flags, far

    def timed(find):
        clock, processor = time.monotonic(), time.process_time()
        found = find()
        return found, (time.monotonic() - clock, time.process_time() - processor)

    reference = Reference(options.reference, model, options.norm, options.epsilon, options.seed)
    if options.cascade:
        found, theirs = timed(lambda: reference.standard(images, labels))
        flags, far = compare("autoattack", result["robust_acc"], found, theirs, seconds)
        failed |= far
        print(f"broken by pag alone {int((flags & ~survived).sum())}, by the reference alone "
              f"{int((~flags & survived).sum())}")
        return 1 if failed else 0
    everything = right.clone()
    for entry in result["attacks"]:
        found = images.clone()
        found[right], theirs = timed(
            lambda: in_batches(reference.attack(entry["name"]), images[right], labels[right]))
        flags, far = compare(entry["name"], entry["robust_acc"], found, theirs, (entry["seconds"],))
        failed |= far
        everything &= flags
    print(f"{'all':10} pag {result['robust_acc']:.4f}  reference {everything.float().mean():.4f}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
