#!/usr/bin/env python3
"""Writes corruptions.safetensors beside this file: made-up images under the published generator of CIFAR-10-C.

    make_reference.py MAKE_CIFAR_C.py [CIFAR_TEST_BATCH.bin COUNT OUT.safetensors]

MAKE_CIFAR_C.py is ImageNet-C/create_c/make_cifar_c.py of github.com/hendrycks/robustness. `clean` is [3, 32, 32, 3]; of a
corruption, [5, 32, 32, 3], row s is image s % 3 at severity s + 1, with seed 7. With more arguments, all of so many test
images of CIFAR-10 in their order: [5, COUNT, 32, 32, 3]. Tests/Peer/published_corruptions.py says what else is needed.
"""
import os
import sys

import numpy
import scipy.ndimage
from safetensors.numpy import save_file

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Peer"))
from published_corruptions import NAMES, Published

SEED = 7


def made_up():
    draw = numpy.random.default_rng(1)
    images = []
    for size in (1, 3, 8):
        image = scipy.ndimage.gaussian_filter(draw.normal(size=(32, 32, 3)), (size, size, 0.5), mode="wrap")
        image = (image - image.min()) / (image.max() - image.min())
        images.append(numpy.uint8(numpy.clip(image * 1.3 - 0.1, 0, 1) * 255))
    images[1][4:12, 3:20] = [200, 30, 90]  # even colours, and grey
    images[1][20:28, 8:30] = 77
    return numpy.stack(images)


def main():
    published = Published(sys.argv[1])
    if len(sys.argv) > 2:
        count, out = int(sys.argv[3]), sys.argv[4]
        records = numpy.fromfile(sys.argv[2], numpy.uint8).reshape(-1, 3073)[:count, 1:]
        clean = numpy.ascontiguousarray(records.reshape(count, 3, 32, 32).transpose(0, 2, 3, 1))
        rows = [list(range(count))] * 5
    else:
        clean, out = made_up(), os.path.join(os.path.dirname(os.path.abspath(__file__)), "corruptions.safetensors")
        rows = [[severity % 3] for severity in range(5)]
    tensors = {"clean": clean}
    for name in NAMES:
        found = numpy.stack([
            numpy.stack([published.corrupt(clean[index], name, severity + 1, SEED, index) for index in rows[severity]])
            for severity in range(5)
        ])
        tensors[name] = numpy.ascontiguousarray(found if len(sys.argv) > 2 else found[:, 0])
    save_file(tensors, out)


if __name__ == "__main__":
    main()
