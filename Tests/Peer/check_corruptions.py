#!/usr/bin/env python3
"""Compares pag's accuracies on corrupted images with PyTorch's on the published generator's images.

    check_corruptions.py PAG CHECKPOINT CIFAR_10_BATCHES_BIN MAKE_CIFAR_C.py [--samples N] [--activation relu|gelu]

MAKE_CIFAR_C.py is ImageNet-C/create_c/make_cifar_c.py of github.com/hendrycks/robustness, which published_corruptions.py
runs with pag's random numbers. The images are written in the layout of CIFAR-10-C. `pag evaluate --corruptions DIR` must
classify as many of each severity correctly as PyTorch does, and `--corruptions builtin`, which makes the images itself, as
many again. Exits with 1 where one of them differs: by more than one image for elastic_transform, at all for the others.
For checkpoints of `model.kind: resnet` with batch norm. Needs torch, safetensors and what published_corruptions.py needs.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy
import torch
import torch.nn.functional as F

from attacks import Network
from published_corruptions import NAMES, Published


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pag")
    parser.add_argument("checkpoint")
    parser.add_argument("data")
    parser.add_argument("published")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--activation", default="relu", choices=["relu", "gelu"])
    options = parser.parse_args()
    published = Published(options.published)
    names = [name for name in NAMES if published.has_wand or name not in ("motion_blur", "snow")]
    records = numpy.fromfile(f"{options.data}/test_batch.bin", numpy.uint8).reshape(-1, 3073)[: options.samples]
    clean = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy()
    labels = records[:, 0].copy()

    with tempfile.TemporaryDirectory() as folder:
        def pag(*words):
            subprocess.run([options.pag, *words], check=True, stdout=subprocess.DEVNULL)

        def evaluated(corruptions, out):
            pag("evaluate", options.checkpoint, "--data", f"cifar10:{options.data}", "--corruptions", corruptions,
                "--samples", str(options.samples), "--seed", "0", "--out", f"{folder}/{out}")
            with open(f"{folder}/{out}/corruptions.json", encoding="utf-8") as file:
                found = json.load(file)
            counts = {entry["name"]: [round(a * options.samples) for a in entry["accuracies"]]
                      for entry in found["corruptions"]}
            return {"clean": [round(found["clean_acc"] * options.samples)], **counts}

        pag("export", options.checkpoint, f"{folder}/model.safetensors")
        model = Network(f"{folder}/model.safetensors", getattr(F, options.activation)).eval()

        def correct(images):
            x = torch.from_numpy(numpy.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255
            with torch.no_grad():
                return int((model(x).argmax(1).numpy() == labels).sum())

        layout = f"{folder}/CIFAR-10-C"
        os.mkdir(layout)
        numpy.save(f"{layout}/labels.npy", numpy.tile(labels, 5))
        expected = {"clean": [correct(clean)]}
        for name in names:
            images = numpy.stack([
                numpy.stack([published.corrupt(clean[i], name, severity, 0, i) for i in range(len(clean))])
                for severity in range(1, 6)
            ])
            numpy.save(f"{layout}/{name}.npy", numpy.ascontiguousarray(images.reshape(-1, 32, 32, 3)))
            expected[name] = [correct(images[severity]) for severity in range(5)]
        read, made = evaluated(layout, "read"), evaluated("builtin", "made")

    wrong = 0
    for name, counts in expected.items():
        allowed = 1 if name == "elastic_transform" else 0
        differs = read[name] != counts or any(abs(a - b) > allowed for a, b in zip(made[name], counts))
        wrong += differs
        print(f"{name}: PyTorch {counts}, files {read[name]}, builtin {made[name]}{'  DIFFERS' if differs else ''}")
    print(f"{len(expected)} rows of {options.samples} images, {wrong} differ")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
