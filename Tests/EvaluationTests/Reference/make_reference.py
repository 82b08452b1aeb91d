#!/usr/bin/env python3
"""What the reference attacks do to a small smooth network, computed by PyTorch in float64.

    make_reference.py REFERENCE LIBRARY OUT.safetensors

REFERENCE is the folder that holds the reference implementation of AutoAttack (package `autoattack`, or its fork on
PyPI, `pyautoattack`), LIBRARY the one that holds `adv_lib` (github.com/jeromerony/adversarial-library), of which the
distances of FMN and DDN are. Those of Carlini and Wagner's attack are foolbox's (3.3). Everything here is
deterministic: APGD starts at given images, the others at the clean ones.
"""
import importlib
import os
import sys
import types

import foolbox
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

SIDE, HIDDEN, CLASSES, IMAGES = 6, 24, 6, 6


class Network(torch.nn.Module):
    def __init__(self, generator):
        super().__init__()
        self.hidden = torch.nn.Linear(SIDE * SIDE, HIDDEN)
        self.linear = torch.nn.Linear(HIDDEN, CLASSES)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.tensor(generator.normal(0, 0.4, parameter.shape)))

    def forward(self, x):
        return self.linear(F.gelu(self.hidden(x.flatten(1))))


def length(vectors, norm):
    """Of each row, [N]."""
    return vectors.norm(p={"l1": 1, "l2": 2, "linf": float("inf")}[norm], dim=1)


def main():
    torch.set_default_dtype(torch.float64)
    folder, library, out = sys.argv[1:]
    sys.path.insert(0, os.path.abspath(library))
    # It draws curves with a server that nobody needs here.
    sys.modules.setdefault("visdom", types.ModuleType("visdom")).Visdom = object
    from adv_lib.attacks.decoupled_direction_norm import ddn
    from adv_lib.attacks.fast_minimum_norm import fmn
    sys.path.insert(0, os.path.abspath(folder))
    package = "autoattack" if os.path.isdir(f"{folder}/autoattack") else "pyautoattack"
    autopgd = importlib.import_module(f"{package}.autopgd_base")
    fab = importlib.import_module(f"{package}.fab_pt")
    # It casts images to float32.
    torch.Tensor.float = torch.Tensor.double
    # Its L1 projection adds and subtracts: what is left of that is no change of a value.
    autopgd.L0_norm = lambda change: (change.abs() > 1e-9).flatten(1).sum(-1)

    generator = np.random.default_rng(1)
    model = Network(generator).eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    shape = (IMAGES, 1, SIDE, SIDE)
    # Some values at the edges of the box.
    images = torch.tensor(generator.uniform(-0.2, 1.2, (100,) + shape[1:])).clamp(0, 1)
    # Exactly representable in single precision, like the weights.
    images = torch.tensor(images.numpy().astype(np.float32).astype(np.float64))
    for parameter in model.parameters():
        parameter.copy_(torch.tensor(parameter.numpy().astype(np.float32).astype(np.float64)))
    # Those that the model is surest of, so that APGD runs to its end.
    margins = model(images).topk(2).values.diff(dim=1)[:, 0].abs()
    images = images[margins.topk(IMAGES).indices]
    logits = model(images)
    labels = logits.argmax(1)
    target = logits.argsort(dim=1)[:, -2]
    result = {
        "hidden.weight": model.hidden.weight, "hidden.bias": model.hidden.bias,
        "linear.weight": model.linear.weight, "linear.bias": model.linear.bias,
        "images": images, "labels": labels,
    }

    for norm, reference_norm, epsilon in (("l2", "L2", 0.2), ("linf", "Linf", 0.04), ("l1", "L1", 0.5)):
        noise = torch.tensor(generator.uniform(-1, 1, shape))
        flat = noise.flatten(1)
        size = length(flat, norm)
        start = (images + epsilon * 0.9 * noise / size.view(-1, 1, 1, 1)).clamp(0, 1)
        start = torch.tensor(start.numpy().astype(np.float32).astype(np.float64))
        result[f"{norm}.start"] = start
        common = {"norm": reference_norm, "eps": epsilon, "device": "cpu", "seed": 0}
        for loss in ("ce", "dlr", "dlr-targeted"):
            for steps in (3, 10, 30, 100):
                kind = autopgd.APGDAttack_targeted if loss == "dlr-targeted" else autopgd.APGDAttack
                attack = kind(model, n_iter=steps, n_restarts=1, **common)
                attack.loss = loss
                attack.y_target = target
                attack.init_hyperparam(images)
                if norm == "l1":
                    early = -(-3 * steps // 10)
                    # What it starts from is this, projected.
                    torch.randn_like = lambda _: start - images
                    best, accurate, _, _ = attack.decr_eps_pgd(
                        images, labels, [3 * epsilon, 2 * epsilon, epsilon], [early, early, steps - 2 * early])
                else:
                    best, accurate, _, _ = attack.attack_single_run(images, labels, x_init=start)
                assert accurate.all(), "epsilon is too large"
                result[f"{norm}.apgd.{loss}.{steps}"] = best.detach()
        for steps in (10, 40):
            # A budget that nothing meets, so that every class is tried on every image.
            attack = fab.FABAttack_PT(model, n_restarts=1, n_iter=steps, n_target_classes=CLASSES - 1, **common)
            distances = torch.full((IMAGES,), float("inf"))
            for place in range(2, CLASSES + 1):
                attack.target_class = place
                found = attack.attack_single_run(images, labels, is_targeted=True)
                change = (found - images).flatten(1)
                size = length(change, norm)
                size[model(found).argmax(1) == labels] = float("inf")
                distances = torch.minimum(distances, size)
            result[f"{norm}.fab.{steps}"] = distances
            found = attack.attack_single_run(images, labels, is_targeted=False)
            distances = length((found - images).flatten(1), norm)
            distances[model(found).argmax(1) == labels] = float("inf")
            result[f"{norm}.fab-untargeted.{steps}"] = distances

    attack = foolbox.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=1000, stepsize=0.01)
    bounded = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    # One image at a time: its early end looks at the sum over the batch.
    distances = [
        (attack(bounded, images[i:i + 1], labels[i:i + 1], epsilons=None)[0] - images[i]).norm().item()
        for i in range(IMAGES)]
    result["l2.cw"] = torch.tensor(distances)
    for name, order in (("l0", 0), ("l1", 1), ("l2", 2), ("linf", float("inf"))):
        for steps in (10, 100):
            found = fmn(model, images, labels, norm=order, steps=steps)
            distances = (found - images).flatten(1).norm(p=order, dim=1)
            distances[model(found).argmax(1) == labels] = float("inf")
            result[f"{name}.fmn.{steps}"] = distances
    for steps in (10, 100):
        # It keeps its radii in single precision.
        found = ddn(model, images, labels, steps=steps)
        distances = (found - images).flatten(1).norm(dim=1)
        distances[model(found).argmax(1) == labels] = float("inf")
        result[f"l2.ddn.{steps}"] = distances
    save_file({name: value.detach().contiguous() for name, value in result.items()}, out)
    for name, value in result.items():
        if any(word in name for word in ("fab", "cw", "fmn", "ddn")):
            print(name, value.numpy().round(5))


if __name__ == "__main__":
    main()
