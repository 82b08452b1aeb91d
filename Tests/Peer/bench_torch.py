#!/usr/bin/env python3
"""PyTorch's side of launch/bench: one JSON object a line, with the names that `pag bench` uses.

usage: bench_torch.py step --form reference|loop|vmap|manual|ce|infer [--model M] [--batch B] [--layout L] [--seconds S]
       bench_torch.py attack [--model M] [--batch B] [--layout L] [--seconds S]      gradients with respect to images
       bench_torch.py conv [--model M] [--batch B] [--layout L] [--seconds S]
           all with [--precision bfloat16], which is autocast, or images and filters of that type for conv;
           step --form ce|infer and attack with [--compile]
       bench_torch.py check GOLDEN...          losses and gradients of the forms against files that `pag verify` reads
"""
import argparse
import json
import math
import resource
import struct
import sys
import time

import torch
import torch.nn.functional as F
from bench_forms import FORMS, NHWC, STATISTICS
from bench_network import SIZES, ResNet, convolutions

CLASSES = 10


def figure(value):
    return float(f"{value:.4g}")


def measure(body, seconds, least=2):
    """Pairs of seconds and of processor seconds of the runs that follow one to warm up."""
    body()
    times, start = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - start < seconds:
        before, worked = time.perf_counter(), time.process_time()
        body()
        times.append((time.perf_counter() - before, time.process_time() - worked))
    return times


def report(name, times, count, operations, **figures):
    """A line for runs over `count` images of so many operations each."""
    wall, worked = (sorted(column) for column in zip(*times))
    median = wall[(len(wall) - 1) // 2]
    print(json.dumps({
        "benchmark": name, **figures, "runs": len(times), "seconds_median": figure(median),
        "seconds_best": figure(wall[0]), "seconds_cpu": figure(worked[(len(worked) - 1) // 2]),
        "images_per_s": figure(count / median), "gflops_effective": figure(count * operations / median * 1e-9),
        "peak_rss_mb": figure(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024e-6), "threads": 1,
        "framework": f"torch {torch.__version__}"}), flush=True)


def precise(options):
    """Autocast, if it is asked for."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.precision == "bfloat16")


def how(options):
    return {"layout": options.layout, "precision": options.precision, "compiled": options.compile}


def operation_counts(network):
    """Of the whole network and of its first layer, for one image, as pag counts them."""
    layers = [
        2 * inputs * outputs * kernel ** 2 * (side // stride) ** 2
        for inputs, outputs, kernel, stride, side in convolutions(network)]
    return sum(layers) + 2 * network.linear.weight.numel(), layers[0]


def make(options):
    torch.manual_seed(1)
    network = ResNet(*SIZES[options.model])
    images = torch.rand(options.batch, 3, 32, 32)
    if options.layout == "nhwc":
        network, images = network.to(memory_format=NHWC), images.contiguous(memory_format=NHWC)
    return network, images, torch.arange(options.batch) % CLASSES


def step(options):
    network, images, labels = make(options)
    whole, first = operation_counts(network)
    call = torch.compile(network) if options.compile else network
    if options.form == "infer":
        network.eval()

        def body():
            with torch.inference_mode(), precise(options):
                call(images)
        operations = whole
    else:
        targets = torch.rand(options.batch, CLASSES, 3, 32, 32)
        optimizer = torch.optim.SGD(network.parameters(), lr=1e-6, momentum=0.9, weight_decay=1e-4, fused=True)

        def body():
            optimizer.zero_grad()
            with precise(options):
                if options.form == "ce":
                    loss = F.cross_entropy(call(images), labels)
                else:
                    loss = FORMS[options.form](network, images, labels, targets, 1.0)
            loss.backward()
            optimizer.step()
        operations = 3 * whole - first + (0 if options.form == "ce" else 3 * CLASSES * whole)
    times = measure(body, options.seconds)
    objective = options.form if options.form in ("ce", "infer") else "pag"
    report(
        "step", times, options.batch, operations, model=options.model, objective=objective, form=options.form,
        batch=options.batch, **how(options))


def attack(options):
    network, images, labels = make(options)
    network.eval().requires_grad_(False)
    call = torch.compile(network) if options.compile else network

    def body():
        x = images.detach().requires_grad_()
        with precise(options):
            loss = F.cross_entropy(call(x), labels, reduction="sum")
        torch.autograd.grad(loss, x)
    times = measure(body, options.seconds)
    report(
        "attack", times, options.batch, 2 * operation_counts(network)[0], attack="input gradient",
        model=options.model, batch=options.batch, **how(options))


def conv(options):
    layers = list(dict.fromkeys(convolutions(ResNet(*SIZES[options.model]))))
    layout = NHWC if options.layout == "nhwc" else torch.contiguous_format
    for inputs, outputs, kernel, stride, side in layers:
        padding = kernel // 2
        x = torch.rand(options.batch, inputs, side, side).contiguous(memory_format=layout)
        w = torch.rand(outputs, inputs, kernel, kernel).contiguous(memory_format=layout)
        y = torch.rand(options.batch, outputs, side // stride, side // stride).contiguous(memory_format=layout)
        x, w, y = (tensor.to(getattr(torch, options.precision)) for tensor in (x, w, y))

        def backward(of_input, of_filters):
            torch.ops.aten.convolution_backward(
                y, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, [of_input, of_filters, False])
        passes = {
            "forward": lambda: F.conv2d(x, w, None, stride, padding),
            "inputGradient": lambda: backward(True, False), "weightGradient": lambda: backward(False, True)}
        with torch.inference_mode():
            for operation, body in passes.items():
                times = measure(body, options.seconds / (3 * len(layers)))
                report(
                    "conv", times, options.batch, 2 * inputs * outputs * (kernel * side // stride) ** 2,
                    model=options.model, images=options.batch, operation=operation, **how(options),
                    layer=f"{kernel}x{kernel}/{stride} {inputs}>{outputs}@{side}")


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = bytearray(file.read())
    kinds = {"F64": torch.float64, "F32": torch.float32, "I64": torch.int64}
    described = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=kinds[entry["dtype"]], count=math.prod(entry["shape"]), offset=start)
        tensors[name] = values.reshape(entry["shape"])
    return described, tensors


def check(paths):
    """Every form on the golden steps of its kind of statistics, in double precision."""
    torch.set_default_dtype(torch.float64)
    agree = True
    for path in paths:
        described, tensors = read_safetensors(path)
        spec = json.loads(described["model"])
        for form in [form for form, statistics in STATISTICS.items() if statistics == described["statistics"]]:
            for layout in ("nchw", "nhwc"):
                network = ResNet(spec["widths"], spec["blocks"], spec["inChannels"])
                network.load_state_dict({k[6:]: v for k, v in tensors.items() if k.startswith("param.")})
                network, images = network.double(), tensors["x"]
                if layout == "nhwc":
                    network, images = network.to(memory_format=NHWC), images.contiguous(memory_format=NHWC)
                loss = FORMS[form](network, images, tensors["y"], tensors["g"], float(described["lambda"]))
                loss.backward()
                worst = abs(loss.item() / tensors["expect.loss"].item() - 1)
                for name, parameter in network.named_parameters():
                    expected = tensors[f"expect.grad.{name}"]
                    gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
                    largest = expected.abs().max().item()
                    worst = max(worst, (gradient - expected).abs().max().item() / (largest or 1))
                ok = worst < 1e-8
                agree = agree and ok
                print(f"{'ok    ' if ok else 'DIFFERS'} {form} {layout} {path.rsplit('/', 1)[-1]} {worst:.1e}")
    return 0 if agree else 1


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("subject", choices=("step", "attack", "conv", "check"))
    parser.add_argument("files", nargs="*")
    parser.add_argument("--form", choices=(*FORMS, "ce", "infer"), default="manual")
    parser.add_argument("--model", choices=SIZES, default="resnet8")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--layout", choices=("nhwc", "nchw"), default="nhwc")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    if options.compile and (options.subject == "conv" or options.subject == "step" and options.form in FORMS):
        parser.error("what is compiled has no second derivative, and a convolution alone nothing to gain")
    torch.set_num_threads(1)
    if options.subject == "check":
        sys.exit(check(options.files))
    {"step": step, "attack": attack, "conv": conv}[options.subject](options)


if __name__ == "__main__":
    main()
