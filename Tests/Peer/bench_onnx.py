#!/usr/bin/env python3
"""Rates of pag, onnxruntime and PyTorch on the same ONNX files, in turns, one thread each.

    bench_onnx.py PAG [--networks NAME:SIDE,...] [--batch N] [--rounds N] [--seconds S]

Inference, and the gradient that an attack needs, with respect to images. PyTorch is its eager mode in float32, the
better of both memory layouts. Prints the medians as a table in Markdown. Needs torch, torchvision, onnx and onnxruntime.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from statistics import median

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import onnxruntime
import torch
from torchvision_networks import NETWORKS, export, network


def rate(body, images, seconds):
    """Images a second of wall-clock time, after one run to warm up."""
    body()
    runs, start = 0, time.perf_counter()
    while (now := time.perf_counter()) - start < seconds:
        body()
        runs += 1
    return runs * images / (now - start)


def ours(pag, path, side, options, *command):
    result = subprocess.run(
        [pag, "bench", *command, "--model", path, "--side", str(side), "--batch", str(options.batch), "--seconds",
         str(options.seconds)], capture_output=True, text=True, check=False)
    for line in result.stdout.splitlines():
        if "images_per_s" in (figures := json.loads(line)):
            return figures["images_per_s"]
    sys.exit(result.stderr)


def ways(name, side, folder, options):
    """What is measured by name: a function that gives a rate."""
    net, _ = network(name)
    images, path = torch.rand(options.batch, 3, side, side), f"{folder}/{name}.onnx"
    export(net, images, path)
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])

    def best_layout(pass_over):
        rates = []
        for layout in (torch.contiguous_format, torch.channels_last):
            moved = net.to(memory_format=layout), images.contiguous(memory_format=layout)
            rates.append(rate(lambda moved=moved: pass_over(*moved), options.batch, options.seconds / 2))
        return max(rates)

    def inference(net, images):
        with torch.inference_mode():
            net(images)

    def gradient(net, images):
        net(images.detach().requires_grad_(True)).sum().backward()

    return {
        "pag": lambda: ours(options.pag, path, side, options, "step", "--objective", "infer"),
        "onnxruntime": lambda: rate(
            lambda: session.run(None, {"image": images.numpy()}), options.batch, options.seconds),
        "PyTorch": lambda: best_layout(inference),
        "pag's gradient": lambda: ours(options.pag, path, side, options, "attack", "--cascade", "0"),
        "PyTorch's gradient": lambda: best_layout(gradient),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pag")
    parser.add_argument("--networks", default="resnet18,mobilenet_v2,resnet50")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    print("| images a second of one core | pag | onnxruntime | PyTorch | pag / onnxruntime | pag / PyTorch "
          "| input gradient: pag | PyTorch | ratio |\n|---|" + 8 * "--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.networks.split(","):
            side = NETWORKS[name][1]
            measured = ways(name, side, folder, options)
            rates = {way: [] for way in measured}
            for _ in range(options.rounds):
                for way, measure in measured.items():
                    rates[way].append(measure())
            pag, runtime, eager, gradient, eager_gradient = (median(values) for values in rates.values())
            print(f"| {name}, {side}x{side} | {pag:.0f} | {runtime:.0f} | {eager:.0f} | {pag / runtime:.2f} | "
                  f"{pag / eager:.1f} | {gradient:.0f} | {eager_gradient:.0f} | {gradient / eager_gradient:.1f} |", flush=True)


if __name__ == "__main__":
    main()
