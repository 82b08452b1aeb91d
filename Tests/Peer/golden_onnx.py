"""Writes Tests/ModelsTests/Networks: small networks as ONNX files, and what PyTorch says of them in float64.

usage: golden_onnx.py FOLDER      (torch, onnx, onnxscript, safetensors)

NAME-of-N.onnx is the same network for N images at once. Beside NAME.onnx stands NAME.safetensors with images `x` [B, H, W, C], labels `y`, targets `g` [K, B, H, W, C], logits, the
input gradient of the cross-entropy's sum, and the gradient, by the ONNX file's parameters, of

    mean cross-entropy + 0.5 * mean over classes and images of (1 - cos(d logits[t] / dx, g[t])).
"""

import math
import sys
import warnings

import numpy
import onnx
import onnx.numpy_helper
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn import functional

CLASSES, SIDE, IMAGES = 4, 8, 3


class Convolutions(nn.Module):
    """Groups, dilation, paddings and pools of all kinds, BatchNorm by running statistics."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.depthwise = nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8)
        self.grouped = nn.Conv2d(8, 6, 3, padding=1, groups=2)
        self.dilated = nn.Conv2d(8, 6, 3, padding=2, dilation=2)
        self.wide = nn.Conv2d(8, 6, (1, 3), padding=(0, 1))
        self.shifted = nn.Conv2d(6, 5, 2)
        self.linear = nn.Linear(5, CLASSES)

    def forward(self, x):
        x = functional.relu(self.norm(self.stem(x)))
        large = functional.max_pool2d(x, 3, 2, padding=1) + functional.avg_pool2d(x, 3, 2, padding=1)
        large = large + functional.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)
        large = large + functional.max_pool2d(x, 2, 2, ceil_mode=True) + self.depthwise(x)
        x = functional.silu(self.grouped(large) + self.dilated(large) + self.wide(large))
        x = functional.silu(self.shifted(functional.pad(x, (1, 0, 0, 1))))
        return self.linear(torch.flatten(functional.adaptive_avg_pool2d(x, 1), 1))


class Attention(nn.Module):
    """Tokens with a class token and positions, attention with images first and second, LayerNorm."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 5, 8) * 0.3)
        self.norm = nn.LayerNorm(8)
        self.first = nn.MultiheadAttention(8, 2, batch_first=True)
        self.second = nn.MultiheadAttention(8, 2)
        self.mlp = nn.Sequential(nn.Linear(8, 12), nn.GELU(), nn.Linear(12, 8))
        self.head = nn.Linear(8, CLASSES)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        n = self.norm(x)
        x = x + self.first(n, n, n, need_weights=False)[0]
        t = self.norm(x).transpose(0, 1)
        x = x + self.second(t, t, t, need_weights=False)[0].transpose(0, 1)
        x = x + self.mlp(self.norm(x))
        return self.head(self.norm(x)[:, 0])


def hard_sigmoid(x):
    """PyTorch's own has no second derivative."""
    return functional.hardsigmoid(x) if torch.onnx.is_in_onnx_export() else functional.relu6(x + 3) / 6


def hard_swish(x):
    return functional.hardswish(x) if torch.onnx.is_in_onnx_export() else x * hard_sigmoid(x)


class Activations(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 6, 3, padding=1)
        self.slopes = nn.PReLU(6)
        self.linear = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = 3 * self.convolution(x)
        f = functional
        parts = [
            f.leaky_relu(x, 0.1), f.elu(x), f.selu(x), f.celu(x, 0.7), torch.sigmoid(x), hard_sigmoid(x), hard_swish(x),
            torch.tanh(x), f.gelu(x), f.gelu(x, approximate="tanh"), f.relu6(x), f.softplus(x), f.mish(x), f.silu(x),
            self.slopes(x), torch.clamp(x, -0.5, 0.8), torch.abs(x), torch.exp(-x * x), torch.log(x * x + 1),
            torch.sqrt(x**2 + 0.1), (x**3) * 0.1, torch.maximum(x, 0.5 * x + 0.1), torch.minimum(x, 1 - x), 1 / (x * x + 1),
            torch.softmax(x, 1), torch.log_softmax(x, 3), torch.erf(x), x / (x * x + 1),
        ]
        return self.linear(sum(parts).mean((2, 3)))


class Shapes(nn.Module):
    """What moves numbers: shuffles, rolls, masks, slices, splits, padding, windows."""

    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv2d(3, 8, 3, padding=1)
        self.group = nn.GroupNorm(2, 8)
        self.instance = nn.InstanceNorm2d(8, affine=True)
        self.layer = nn.LayerNorm(8)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.window = nn.Linear(8, 8)
        self.scale = nn.Parameter(torch.rand(8, 1, 1) + 0.5)
        self.register_buffer("mask", (torch.rand(8, 8) > 0.3))
        self.linear = nn.Linear(8 * 4 * 4, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.convolution(x))
        x = self.group(x) + self.instance(x) * self.scale
        x = x * torch.sigmoid(self.excite(functional.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        b, c, h, w = x.shape
        x = x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)
        first, second = x.chunk(2, 1)
        x = torch.cat([second[:, :, :, ::2].repeat_interleave(1, 3), first[:, :, :, 1::2]], 1)
        x = functional.interpolate(x, scale_factor=2, mode="nearest")[:, :, :8, :8]
        x = torch.roll(x, (-2, 1), (2, 3))
        x = torch.where(self.mask, x, torch.tensor(0.25, dtype=x.dtype))
        t = x.permute(0, 2, 3, 1).reshape(b, 2, 4, 2, 4, 8).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, 8)
        t = t + torch.softmax(t @ t.transpose(1, 2) / math.sqrt(8), -1) @ self.window(self.layer(t))
        x = t.view(b, 2, 2, 4, 4, 8).permute(0, 5, 1, 3, 2, 4).reshape(b, 8, 8, 8)
        x = functional.pad(x, (1, -1, 0, 0), value=0.5)
        x = x.unsqueeze(1).squeeze(1).reshape(b, 8, 4, 2, 4, 2).sum((3, 5))
        return self.linear(x.flatten(1))


def loss_of(network, x, y, g):
    x = x.clone().requires_grad_(True)
    logits = network(x)
    gradients = torch.stack(
        [torch.autograd.grad(logits[:, t].sum(), x, create_graph=True)[0].flatten(1) for t in range(CLASSES)])
    cosine = functional.cosine_similarity(gradients, g.flatten(2), dim=2, eps=1e-30)
    return functional.cross_entropy(logits, y) + 0.5 * (1 - cosine).mean()


def by_file(path, network, values):
    """Values by parameter, under the names and in the shapes of the ONNX file, which may hold a weight transposed or reshaped."""
    state = {name: p.detach().float().numpy() for name, p in network.named_parameters()}
    found = {}
    for tensor in onnx.load(path).graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        if tensor.name in state and state[tensor.name].shape == array.shape:
            found[tensor.name] = values[tensor.name]
            continue
        for name, value in state.items():
            if array.ndim == 2 and value.shape == array.shape[::-1] and numpy.array_equal(value, array.T):
                found[tensor.name] = values[name].T
            elif value.size == array.size and numpy.array_equal(value.flatten(), array.flatten()):
                found[tensor.name] = values[name].reshape(array.shape)
    return {name: value.float().contiguous() for name, value in found.items()}


def channels_last(x):
    return x.movedim(-3, -1).float().contiguous()


def main():
    folder = sys.argv[1]
    warnings.filterwarnings("ignore")
    for name, make in [
        ("convolutions", Convolutions), ("attention", Attention), ("activations", Activations), ("shapes", Shapes)]:
        torch.manual_seed(3)
        network = make().eval()
        # No two parameters are equal, so that each is found by its numbers.
        for parameter in network.parameters():
            parameter.data.add_(0.1 * torch.randn_like(parameter))
        if name == "convolutions":
            network.norm.running_mean.uniform_(-0.2, 0.2)
            network.norm.running_var.uniform_(0.5, 1.5)
        x = torch.rand(IMAGES, 3, SIDE, SIDE)
        y = torch.arange(IMAGES) % CLASSES
        g = torch.randn(CLASSES, IMAGES, 3, SIDE, SIDE)
        path = f"{folder}/{name}.onnx"
        torch.onnx.export(
            network, (x,), path, dynamo=False, opset_version=17, input_names=["image"], output_names=["logits"],
            training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})
        # The same with the number of images fixed, which shapes no longer show.
        for count in (1, IMAGES) if name in ("attention", "shapes") else ():
            torch.onnx.export(
                network, (x[:count],), f"{folder}/{name}-of-{count}.onnx", dynamo=False, opset_version=17,
                input_names=["image"], output_names=["logits"])
        names = {n: None for n, _ in network.named_parameters()}
        exact = make().eval()
        exact.load_state_dict(network.state_dict())
        exact = exact.double()
        image = x.double().requires_grad_(True)
        logits = exact(image)
        gradient, = torch.autograd.grad(functional.cross_entropy(logits, y, reduction="sum"), image)
        # The fused attention has no second derivative.
        with sdpa_kernel(SDPBackend.MATH):
            loss = loss_of(exact, x.double(), y, g.double())
            found = torch.autograd.grad(loss, list(exact.parameters()), allow_unused=True)
        names = dict(zip(names, found))
        names = {n: v for n, v in names.items() if v is not None}
        tensors = {f"gradient.{n}": v for n, v in by_file(path, network, names).items()}
        missing = len(names) - len(tensors)
        print(name, "loss", float(loss), len(tensors), "gradients,", missing, "parameters not found in the file")
        save_file(
            {"x": channels_last(x), "y": y, "g": channels_last(g), "logits": logits.detach().float(),
             "input_gradient": channels_last(gradient), **tensors}, f"{folder}/{name}.safetensors")


main()
