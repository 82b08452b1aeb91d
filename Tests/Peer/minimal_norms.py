#!/usr/bin/env python3
"""Distances to the nearest adversarial images: pag's fmn and ddn beside adversarial-library's, on the same weights.

    minimal_norms.py PAG CHECKPOINT LIBRARY [--samples N] [--steps N] [--data SPEC] [--activation relu|gelu]

LIBRARY is the folder that holds the package `adv_lib` (github.com/jeromerony/adversarial-library). For checkpoints of
`model.kind: resnet` with batch norm. Needs torch and safetensors. Both programs attack the first N test images that are
classified correctly, with the numbers that pag records in its result. Exits with 1 where the medians of those for which
both find something are more than 2 % apart, or a distance that pag reports is not that of an image which torch takes for
another class (but for 1e-4 of the logits).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from attacks import Network, in_batches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pag")
    parser.add_argument("checkpoint")
    parser.add_argument("library")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--activation", default="relu", choices=["relu", "gelu"])
    parser.add_argument("--data")
    parser.add_argument("--norms", default="l0,l1,l2,linf")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sys.path.insert(0, os.path.abspath(options.library))
    # It draws curves with a server that nobody needs here.
    sys.modules.setdefault("visdom", types.ModuleType("visdom")).Visdom = object
    from adv_lib.attacks.decoupled_direction_norm import ddn
    from adv_lib.attacks.fast_minimum_norm import fmn

    failed = False
    for norm in options.norms.split(","):
        attacks = "fmn,ddn" if norm == "l2" else "fmn"
        # A budget that every image is within, so that the images are kept.
        epsilon = {"l0": 3072, "l1": 3072, "l2": 56, "linf": 1}[norm]
        for name in attacks.split(","):
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run([options.pag, "export", options.checkpoint, f"{folder}/model.safetensors"], check=True,
                               stdout=subprocess.DEVNULL)
                common = ["--samples", str(options.samples)] + (["--data", options.data] if options.data else [])
                evaluate = [options.pag, "evaluate", options.checkpoint, *common]
                subprocess.run([*evaluate, "--attack", "fgsm", "--epsilon", "1e-12", "--out", f"{folder}/clean"],
                               check=True, stdout=subprocess.DEVNULL)
                subprocess.run([*evaluate, "--attack", name, "--norm", norm, "--epsilon", str(epsilon), "--steps",
                                str(options.steps), "--out", f"{folder}/{name}"], check=True, stdout=subprocess.DEVNULL)
                clean, found = (load_file(f"{folder}/{part}/adversarial.safetensors") for part in ("clean", name))
                with open(f"{folder}/{name}/robustness.json", encoding="utf-8") as file:
                    entry = json.load(file)["attacks"][0]
                model = Network(f"{folder}/model.safetensors", getattr(F, options.activation))
            images, labels = clean["x_adv"], clean["y"]
            for parameter in model.parameters():
                parameter.requires_grad_(False)
            right = model(images).argmax(1) == labels
            ours = torch.tensor([float("inf") if x is None else x for x in entry["distances"]], dtype=torch.float64)
            order = {"l0": 0, "l1": 1, "l2": 2, "linf": float("inf")}[norm]

            def distance(others):
                return (others.double() - images.double()).flatten(1).norm(p=order, dim=1)

            # The nearest images lie on the boundary, where rounding decides.
            logits = model(found["x_adv"])
            own = logits.gather(1, labels[:, None])[:, 0]
            logits.scatter_(1, labels[:, None], -float("inf"))
            margins = (own - logits.max(1).values)[right & ours.isfinite()]
            wrong = int((margins > 1e-4).sum())
            off = (distance(found["x_adv"]) - ours)[right & ours.isfinite()].abs().max().item()
            if name == "fmn":
                def attack(x, y):
                    return fmn(model, x, y, norm=order, steps=options.steps)
            else:
                def attack(x, y):
                    return ddn(model, x, y, steps=options.steps)
            start = time.monotonic()
            theirs = images.clone()
            theirs[right] = in_batches(attack, images[right], labels[right])
            seconds = time.monotonic() - start
            size = distance(theirs)
            size[model(theirs).argmax(1) == labels] = float("inf")
            # An image for which one of them finds nothing would move its median by a place.
            both = right & ours.isfinite() & size.isfinite()
            medians = [statistics.median(d[both].tolist()) for d in (ours, size)]
            ratio = medians[0] / medians[1]
            closer = int((ours < size)[right].sum()), int((ours > size)[right].sum())
            far = not 0.98 <= ratio <= 1.02
            failed |= far or wrong > 0 or not off < 1e-4
            print(f"{norm:5}{name:4} {int(right.sum())} images: median pag {medians[0]:.5g}, library {medians[1]:.5g}, "
                  f"ratio {ratio:.4f}; pag closer on {closer[0]}, the library on {closer[1]}; none found "
                  f"{int((~ours.isfinite())[right].sum())} / {int((~size.isfinite())[right].sum())}; "
                  f"{entry['seconds']:.1f} / {seconds:.1f} s; torch sees {wrong} otherwise, distances differ by {off:.1g}"
                  + ("  TOO FAR APART" if far else ""), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
