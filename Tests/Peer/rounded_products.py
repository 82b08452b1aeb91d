#!/usr/bin/env python3
"""One aligned step whose products have factors rounded to bfloat16, by PyTorch, sums in float64.

    rounded_products.py GOLDEN.safetensors OUT.safetensors

Takes weights, images, labels and targets of a golden file of a ResNet, in evaluation mode or with statistics per class, or
of a vision transformer, and writes what the step gives if each factor of a convolution, a linear layer or attention is
rounded, in the forward pass and in both orders of derivative. `pag verify` of the two files, and Tests/TrainingTests,
compare with it. Needs torch and safetensors.
"""
import json
import sys

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from bench_network import ResNet


class Rounded(torch.autograd.Function):
    """The factor of a product; its cotangent passes as it is."""

    @staticmethod
    def forward(context, x):
        # In one step: by way of float32 some numbers would be rounded twice.
        bits = x.contiguous().view(torch.int64)
        nearest = bits + ((1 << 44) - 1) + ((bits >> 45) & 1)
        return (nearest & ~((1 << 45) - 1)).view(torch.float64)

    @staticmethod
    def backward(context, cotangent):
        return Product.apply(cotangent)


class Product(torch.autograd.Function):
    """The result of a product; its cotangent is a factor of the product's derivatives, and so are theirs."""

    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, cotangent):
        return Rounded.apply(cotangent)


def product(function, a, b):
    return Product.apply(function(Rounded.apply(a), Rounded.apply(b)))


def convolve(layer, x):
    return product(lambda a, b: F.conv2d(a, b, None, layer.stride, layer.padding), x, layer.weight)


def linear(layer, x):
    return product(F.linear, x, layer.weight) + layer.bias


class Transformer(nn.Module):
    """The reference's ViT, written as products of parameters by name."""

    def __init__(self, spec, parameters):
        super().__init__()
        self.spec, self.parameters_by_name = spec, parameters

    def linear(self, name, x):
        return product(F.linear, x, self.parameters_by_name[f"{name}.weight"]) + self.parameters_by_name[f"{name}.bias"]

    def norm(self, name, x):
        p = self.parameters_by_name
        return F.layer_norm(x, x.shape[-1:], p[f"{name}.weight"], p[f"{name}.bias"])

    def attention(self, name, x):
        (b, n, f), heads = x.shape, self.spec["head"]
        q, k, v = (self.linear(f"{name}.{part}", x).view(b, n, heads, f // heads).transpose(1, 2) for part in "qkv")
        scores = torch.softmax(product(torch.matmul, q, k.transpose(-1, -2)) / f**0.5, -1)
        return self.linear(f"{name}.o", product(torch.matmul, scores, v).transpose(1, 2).reshape(b, n, f))

    def forward(self, x):
        p, spec = self.parameters_by_name, self.spec
        b, c, height, width = x.shape
        grid = spec["patch"]
        words = x.view(b, c, grid, height // grid, grid, width // grid).permute(0, 2, 4, 3, 5, 1)
        words = words.reshape(b, grid * grid, -1)
        h = torch.cat([p["cls_token"].expand(b, -1, -1), self.linear("emb", words)], 1) + p["pos_emb"]
        for i in range(spec["layers"]):
            h = h + self.attention(f"enc.{i}.msa", self.norm(f"enc.{i}.la1", h))
            m = F.gelu(self.linear(f"enc.{i}.mlp.0", self.norm(f"enc.{i}.la2", h)))
            h = h + F.gelu(self.linear(f"enc.{i}.mlp.3", m))
        return self.linear("fc.1", self.norm("fc.0", h[:, 0]))


def network(spec, parameters, shape):
    if spec["kind"] == "vit":
        return Transformer(spec, parameters)
    net = ResNet(spec["widths"], spec["blocks"], channels=shape[0])
    net.load_state_dict(parameters)
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            layer.forward = lambda x, layer=layer: convolve(layer, x)
        if isinstance(layer, nn.Linear):
            layer.forward = lambda x, layer=layer: linear(layer, x)
    return net


def input_gradients(logits, x, metadata):
    """[B, C, ...]. What is rounded is what passes through the products: for log-probabilities whose images stand alone,
    the cotangents of the differences to the last class (AlignmentTerm), which rounding tells from those of log p."""

    def of(values):
        return torch.autograd.grad(values.sum(), x, create_graph=True)[0]

    if metadata["gradient"] == "logit":
        return torch.stack([of(z) for z in logits.unbind(1)], 1)
    if metadata["statistics"] != "eval":
        return torch.stack([of(z) for z in F.log_softmax(logits, 1).unbind(1)], 1)
    last = logits[:, -1]
    differences = torch.stack([of(z - last) for z in logits.unbind(1)[:-1]] + [torch.zeros_like(x)], 1)
    p = torch.softmax(logits, 1).view(*logits.shape, *[1] * (x.dim() - 1))
    return differences - (p * differences).sum(1, keepdim=True)


def main(source, target):
    torch.set_default_dtype(torch.float64)
    with safe_open(source, "pt") as file:
        metadata = file.metadata()
        tensors = {k: file.get_tensor(k) for k in file.keys() if not k.startswith("expect.")}
    # What pag reads is float32.
    tensors = {k: v.float().double() if v.is_floating_point() else v for k, v in tensors.items()}
    parameters = {k.removeprefix("param."): v for k, v in tensors.items() if k.startswith("param.")}
    x, y, g = tensors["x"].clone().requires_grad_(True), tensors["y"], tensors["g"]
    spec = json.loads(metadata["model"])
    assert metadata["statistics"] in ("eval", "per-class"), "what plain automatic differentiation computes"
    if spec["kind"] == "vit":
        variables = {k: v.requires_grad_(True) for k, v in parameters.items()}
        net = network(spec, variables, x.shape[1:])
    else:
        net = network(spec, parameters, x.shape[1:]).train(metadata["statistics"] == "per-class")
        variables = dict(net.named_parameters())
    logits = net(x)
    grads = input_gradients(logits, x, metadata)
    u, v = grads.flatten(2), g.flatten(2)
    cosine = (u * v).sum(-1) / (u.norm(dim=-1) * v.norm(dim=-1))
    ce, align = F.cross_entropy(logits, y), (1 - cosine).mean(0).sum()
    loss = ce + float(metadata["lambda"]) * align
    d = torch.autograd.grad(loss, list(variables.values()), allow_unused=True)
    expected = {"logits": logits, "input_grad": grads, "ce": ce, "alignment": align, "loss": loss}
    expected |= {f"grad.{k}": torch.zeros_like(p) if v is None else v for (k, p), v in zip(variables.items(), d)}
    tensors |= {f"expect.{k}": v for k, v in expected.items()}
    single = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
    save_file({k: v.detach().contiguous() for k, v in single.items()}, target, metadata)
    print(f"ce {ce:.6f}  alignment {align:.6f}  loss {loss:.6f}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
