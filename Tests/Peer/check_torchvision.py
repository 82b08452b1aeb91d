#!/usr/bin/env python3
"""Compares pag with PyTorch on ONNX files of torchvision's networks.

    check_torchvision.py PAG [--networks NAME,...] [--exporter torchscript|dynamo] [--batch N] [--steps] [--keep FOLDER]

PAG is the program. For each network, with random numbers: logits of ten images by `pag predict`, and the gradient of the
log-probability of the class that it sees by `pag explain`, each against PyTorch's in float64, relative to an image's
largest, beside PyTorch's own float32. Gradients are the median image's: a rectifier whose input is zero to the last bit
falls on either side in float32, for both. --steps adds a whole aligned step with its double backward pass, all parameters' gradients, against PyTorch in
float64 (`pag verify`). --batch fixes the files' batch axis. Needs torch, torchvision, onnx and safetensors.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torchvision_networks import CLASSES, NETWORKS, ONLY_DYNAMO, export, network

IMAGES, STEP_IMAGES, WEIGHT = 10, 2, 0.5


def run(pag, *arguments):
    result = subprocess.run([pag, *arguments], capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError((result.stderr or result.stdout).strip().split("\n")[-1])
    return result.stdout + result.stderr


def apart(found, wanted):
    """The largest difference of each image, relative to its largest number."""
    return ((found - wanted).flatten(1).abs().amax(1) / wanted.flatten(1).abs().amax(1)).sort().values


def seen(net, images):
    """Logits, and the gradient of the log-probability of the likeliest class."""
    watched = images.clone().requires_grad_(True)
    logits = net(watched)
    gradient, = torch.autograd.grad(F.log_softmax(logits, 1).max(1).values.sum(), watched)
    return logits.detach(), gradient


def write_data(path, images, labels):
    images = images.permute(0, 2, 3, 1).contiguous()
    save_file({"x_train": images, "y_train": labels, "x_test": images.clone(), "y_test": labels.clone()}, path)


def exporter(name, options):
    return "dynamo" if name in ONLY_DYNAMO else options.exporter


def compare(pag, name, net, side, folder, options):
    images, labels = torch.rand(IMAGES, 3, side, side), torch.arange(IMAGES) % CLASSES
    path, data, out = f"{folder}/{name}.onnx", f"{folder}/{name}-data.safetensors", f"{folder}/{name}-out"
    export(net, images, path, exporter(name, options), options.batch)
    write_data(data, images, labels)
    start = time.monotonic()
    run(pag, "predict", path, "--data", f"safetensors:{data}", "--out", f"{out}.safetensors")
    seconds = time.monotonic() - start
    run(pag, "explain", path, "--data", f"safetensors:{data}", "--samples", str(IMAGES), "--of", "logprob", "--methods",
        "gradient", "--out", out)
    found = (
        load_file(f"{out}.safetensors")["logits"].double(),
        load_file(f"{out}/explanations.safetensors")["gradient"].double())
    wanted, single = seen(exact(name, net), images.double()), seen(net, images)
    return [apart(*pair) for pair in zip(found, wanted)], [apart(*pair) for pair in zip(single, wanted)], seconds


class Hard(nn.Module):
    """Hard swish and sigmoid of what can be differentiated twice in PyTorch."""

    def __init__(self, of):
        super().__init__()
        self.is_swish = isinstance(of, nn.Hardswish)

    def forward(self, x):
        return (x if self.is_swish else 1) * F.relu6(x + 3) / 6


def exact(name, net):
    """The network in float64, made of what can be differentiated twice."""
    double = NETWORKS[name][0]().double()
    double.load_state_dict(net.state_dict())
    for module in list(double.modules()):
        for key, child in module.named_children():
            if isinstance(child, (nn.Hardswish, nn.Hardsigmoid)):
                setattr(module, key, Hard(child))
    return double.eval()


def gradients_for(name, numbers, state, gradients):
    """PyTorch's gradient of a parameter that the exporter may have renamed, reshaped or transposed."""
    if name in state and state[name].shape == numbers.shape:
        return gradients[name]
    for theirs, value in state.items():
        if value.ndim == 2 and torch.equal(value.T, numbers):
            return gradients[theirs].T
        if value.numel() == numbers.numel() > 1 and torch.equal(value.flatten(), numbers.flatten()):
            return gradients[theirs].reshape(numbers.shape)
    return None


def step(pag, name, net, side, folder, options):
    """A line about an aligned step, which `pag verify` has compared."""
    torch.manual_seed(2)
    images, labels = torch.rand(STEP_IMAGES, 3, side, side), torch.arange(STEP_IMAGES) % CLASSES
    targets = torch.randn(STEP_IMAGES, CLASSES, 3, side, side)
    path, checkpoint = f"{folder}/{name}-step.onnx", f"{folder}/{name}-step.safetensors"
    export(net, images, path, exporter(name, options), keeps_normalisation=True)
    double, watched = exact(name, net), images.double().requires_grad_(True)
    with sdpa_kernel(SDPBackend.MATH):
        logits = double(watched)
        inputs = torch.stack([
            torch.autograd.grad(logits[:, target].sum(), watched, create_graph=True)[0] for target in range(CLASSES)], 1)
        cosines = F.cosine_similarity(inputs.flatten(2), targets.double().flatten(2), dim=2, eps=1e-30)
        entropy, alignment = F.cross_entropy(logits, labels), (1 - cosines).sum(1).mean()
        loss = entropy + WEIGHT * alignment
        parameters = dict(double.named_parameters())
        gradients = dict(zip(parameters, torch.autograd.grad(loss, list(parameters.values()))))
    write_data(f"{folder}/step-data.safetensors", torch.rand(CLASSES, 3, side, side), torch.arange(CLASSES))
    run(pag, "import", path, "--data", f"safetensors:{folder}/step-data.safetensors", "--out", checkpoint)
    tensors = {
        "x": images, "y": labels, "g": targets, "expect.logits": logits, "expect.input_grad": inputs, "expect.ce": entropy,
        "expect.alignment": alignment, "expect.loss": loss}
    state, found = {key: value.detach() for key, value in net.named_parameters()}, 0
    for key, value in load_file(checkpoint).items():
        if key.startswith(("optimizer.", "ema.")):
            continue
        tensors[f"param.{key}"] = value
        gradient = gradients_for(key, value, state, gradients)
        if gradient is not None:
            tensors[f"expect.grad.{key}"], found = gradient, found + 1
    save_file({key: value.detach().contiguous().clone() for key, value in tensors.items()}, f"{folder}/golden", metadata={
        "model": json.dumps({"kind": "onnx", "path": path}), "lambda": str(WEIGHT), "gradient": "logit",
        "statistics": "eval"})
    return f"{found} of {len(parameters)} gradients, {run(pag, 'verify', f'{folder}/golden').strip().splitlines()[-1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pag")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--exporter", default="torchscript", choices=["torchscript", "dynamo"])
    parser.add_argument("--batch", type=int)
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--keep", help="a folder for the files, which are left there")
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = options.keep or folder
        os.makedirs(folder, exist_ok=True)
        for name in options.networks.split(","):
            net, side = network(name)
            try:
                ours, theirs, seconds = compare(options.pag, name, net, side, folder, options)
                is_right = ours[0][-1] < 1e-4 and ours[1][IMAGES // 2] < 1e-3
                failures += not is_right
                print(
                    f"{name} {side}x{side}: {'' if is_right else 'WRONG '}logits {ours[0][-1]:.1e} (PyTorch "
                    f"{theirs[0][-1]:.1e}), input gradient {ours[1][IMAGES // 2]:.1e} ({theirs[1][IMAGES // 2]:.1e}), worst "
                    f"image {ours[1][-1]:.1e} ({theirs[1][-1]:.1e}); {IMAGES} images predicted in {seconds:.1f} s", flush=True)
                if options.steps:
                    print(f"    aligned step: {step(options.pag, name, net, side, folder, options)}", flush=True)
            except RuntimeError as problem:
                failures += 1
                print(f"{name}: WRONG {str(problem).splitlines()[0]}", flush=True)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
