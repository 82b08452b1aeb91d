"""The residual networks that pag trains, in PyTorch, under the same state_dict names."""
import torch
import torch.nn.functional as F
from torch import nn

SIZES = {"resnet18": ((64, 128, 256, 512), (2, 2, 2, 2)), "resnet8": ((16, 32, 64), (1, 1, 1))}


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, activation):
        super().__init__()
        self.activation = activation
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        hidden = self.activation(self.bn1(self.conv1(x)))
        return self.activation(self.bn2(self.conv2(hidden)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, widths, blocks, channels=3, classes=10, activation=F.relu):
        super().__init__()
        self.activation = activation
        self.conv1 = nn.Conv2d(channels, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.stages, inputs = [], widths[0]
        for stage, (width, count) in enumerate(zip(widths, blocks)):
            chain = []
            for block in range(count):
                chain.append(Block(inputs, width, 2 if stage and not block else 1, activation))
                inputs = width
            self.stages.append(f"layer{stage + 1}")
            setattr(self, self.stages[-1], nn.Sequential(*chain))
        self.linear = nn.Linear(inputs, classes)

    @property
    def blocks(self):
        return [block for stage in self.stages for block in getattr(self, stage)]

    def forward(self, x):
        x = self.activation(self.bn1(self.conv1(x)))
        for block in self.blocks:
            x = block(x)
        return self.linear(x.mean((2, 3)))


def convolutions(network, side=32):
    """(inputs, outputs, kernel, stride, side of the input) of every convolution, in order."""
    found = []

    def note(layer, inputs, _):
        side = inputs[0].shape[-1]
        found.append((layer.in_channels, layer.out_channels, layer.kernel_size[0], layer.stride[0], side))

    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, nn.Conv2d)]
    mode = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, network.conv1.in_channels, side, side))
    network.train(mode)
    for hook in hooks:
        hook.remove()
    return found
