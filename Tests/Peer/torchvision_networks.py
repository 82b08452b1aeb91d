"""Networks of torchvision with random numbers, as ONNX files: what check_torchvision.py and bench_onnx.py are about."""
import warnings

import torch
from torch import nn
from torchvision import models

CLASSES = 10


def vit(side, patch, layers, heads, hidden, mlp):
    return lambda: models.VisionTransformer(
        image_size=side, patch_size=patch, num_layers=layers, num_heads=heads, hidden_dim=hidden, mlp_dim=mlp,
        num_classes=CLASSES)


def named(name, **settings):
    return lambda: getattr(models, name)(num_classes=CLASSES, **settings)


# Name: how it is made, the side of its images. Nothing random is left in evaluation or training, so that a step can be
# compared.
NETWORKS = {
    "resnet18": (named("resnet18"), 32),
    "resnet50": (named("resnet50"), 64),
    "vgg11_bn": (named("vgg11_bn", dropout=0.0), 32),
    "densenet121": (named("densenet121"), 32),
    "mobilenet_v2": (named("mobilenet_v2", dropout=0.0), 32),
    "mobilenet_v3_small": (named("mobilenet_v3_small", dropout=0.0), 64),
    "efficientnet_b0": (named("efficientnet_b0", dropout=0.0, stochastic_depth_prob=0.0), 64),
    "squeezenet1_1": (named("squeezenet1_1", dropout=0.0), 64),
    "shufflenet_v2_x0_5": (named("shufflenet_v2_x0_5"), 64),
    "convnext_tiny": (named("convnext_tiny", stochastic_depth_prob=0.0), 64),
    "vit_b_16": (vit(64, 16, 3, 12, 768, 3072), 64),
    "vit_small": (vit(32, 8, 2, 4, 64, 128), 32),
    "swin_t": (named("swin_t"), 224),
    "regnet_y_400mf": (named("regnet_y_400mf"), 64),
    "googlenet": (named("googlenet", aux_logits=False, init_weights=True, dropout=0.0), 64),
}
# The older exporter has no mean of one pixel over seven.
ONLY_DYNAMO = {"vgg11_bn"}


def network(name):
    """In evaluation mode. Its numbers are unlike each other, so that exporters merge none of them, and BatchNorm's
    statistics are those of random images, without which signals die away and gradients hang on the last bit.
    """
    make, side = NETWORKS[name]
    torch.manual_seed(1)
    net = make()
    with torch.no_grad():
        for _, parameter in sorted(net.named_parameters()):
            parameter.add_((0.02 if parameter.ndim > 1 else 0.1) * torch.randn_like(parameter))
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        net.train()(torch.rand(16, 3, side, side))
        # Rounding grows with signals from layer to layer, too.
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_var.mul_(2)
    return net.eval(), side


def export(net, images, path, exporter="torchscript", batch=None, keeps_normalisation=False):
    """Writes the network; `batch` fixes the number of images."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            shapes = None if batch else ({0: torch.export.Dim("batch")},)
            torch.onnx.export(
                net, (images[:batch] if batch else images,), path, dynamo=True, external_data=False,
                dynamic_shapes=shapes, optimize=not keeps_normalisation, verbose=False)
            return
        axes = None if batch else {"image": {0: "batch"}, "logits": {0: "batch"}}
        mode = torch.onnx.TrainingMode.PRESERVE if keeps_normalisation else torch.onnx.TrainingMode.EVAL
        torch.onnx.export(
            net, (images[:batch or 2],), path, dynamo=False, opset_version=17, input_names=["image"],
            output_names=["logits"], dynamic_axes=axes, training=mode)
