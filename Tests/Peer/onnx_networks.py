#!/usr/bin/env python3
"""Small networks as ONNX files, for Tests/ONNXTests.

    onnx_networks.py FOLDER

Writes exported.onnx by PyTorch's exporter, and typed.onnx, whose constants are stored in all ways that the format has.
Needs torch, onnx and onnxscript.
"""
import sys

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn


def main(folder):
    torch.manual_seed(1)
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    torch.onnx.export(
        net.eval(), (torch.rand(1, 1, 8, 8),), f"{folder}/exported.onnx", input_names=["image"], output_names=["logits"],
        dynamic_shapes=({0: "batch"},), external_data=False, verbose=False)
    listed = helper.make_tensor("listed", TensorProto.FLOAT, [2, 3], [1, 2, 3, 4, 5, 6])
    doubles = helper.make_tensor("doubles", TensorProto.DOUBLE, [2], [0.5, 0.25])
    halves = helper.make_tensor("halves", TensorProto.FLOAT16, [2], np.array([1, 2], np.float16))
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [-1])
    raw = numpy_helper.from_array(np.arange(4, dtype=np.int32).reshape(2, 2), "raw")
    nodes = [
        helper.make_node("MatMul", ["x", "listed"], ["product"], "multiply"),
        helper.make_node("Cast", ["halves"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("Clip", ["product", "", ""], ["y"], "clip"),
        helper.make_node(
            "Made", ["wide"], ["z"], domain="elsewhere", f=1.5, i=-7, s="text", floats=[1.0, 2.0], ints=[3, 4],
            t=numpy_helper.from_array(np.zeros(3, np.float32), "t")),
    ]
    graph = helper.make_graph(
        nodes, "typed", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])], [listed, doubles, halves, axes, raw])
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 13), helper.make_opsetid("elsewhere", 2)], producer_name="tests")
    onnx.save(model, f"{folder}/typed.onnx")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
