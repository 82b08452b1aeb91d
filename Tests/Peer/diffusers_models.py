"""Random UNet2DModels as diffusers saves them, each with an input and the output that diffusers gives.

    python diffusers_models.py DIR            # larger ones; then PAG_DIFFUSERS=DIR swift test --filter DiffusersTests
    python diffusers_models.py DIR --frozen   # the tiny ones beside the tests

Needs torch, diffusers and safetensors.
"""
import argparse
import pathlib

import torch
from diffusers import UNet2DModel
from safetensors.torch import save_file

FROZEN = {
    "classes-attention-odd": dict(
        sample_size=6, in_channels=3, out_channels=3, block_out_channels=(9, 12), layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=3, attention_head_dim=5, num_class_embeds=4),
    "scale-shift-no-padding": dict(
        sample_size=(4, 8), in_channels=1, out_channels=2, block_out_channels=(4, 8), layers_per_block=2,
        down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D"),
        norm_num_groups=4, attention_head_dim=None, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1,
        norm_eps=1e-6, resnet_time_scale_shift="scale_shift", mid_block_scale_factor=1.5, center_input_sample=True),
}
LARGER = {
    "three-levels": dict(
        sample_size=16, in_channels=3, out_channels=3, block_out_channels=(32, 64, 64), layers_per_block=2,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), num_class_embeds=11),
    "odd-widths": dict(
        sample_size=28, in_channels=1, out_channels=1, block_out_channels=(15, 25, 35), layers_per_block=1,
        down_block_types=("AttnDownBlock2D", "DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D", "AttnUpBlock2D"), norm_num_groups=5, attention_head_dim=7,
        num_class_embeds=11),
    "cifar10-ddpm": dict(
        sample_size=32, in_channels=3, out_channels=3, block_out_channels=(128, 256, 256, 256), layers_per_block=2,
        down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"), downsample_padding=0,
        flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6, attention_head_dim=None),
    "relu-attention-groups": dict(
        sample_size=8, in_channels=3, out_channels=6, block_out_channels=(16, 24), layers_per_block=3,
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=8, act_fn="relu", resnet_time_scale_shift="scale_shift", attn_norm_num_groups=6,
        time_embedding_dim=40, num_class_embeds=3),
    "no-attention": dict(
        sample_size=8, in_channels=2, out_channels=2, block_out_channels=(8, 8), layers_per_block=1,
        down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=2, act_fn="gelu", add_attention=False),
    "no-middle": dict(
        sample_size=8, in_channels=2, out_channels=2, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=4, mid_block_type=None, num_class_embeds=6),
}


def make(folder, settings, seed):
    torch.manual_seed(seed)
    model = UNet2DModel(**settings).eval()
    with torch.no_grad():
        # Normalisations start as the identity, which would hide a mistake in them.
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
        size = settings["sample_size"]
        height, width = size if isinstance(size, tuple) else (size, size)
        sample = torch.randn(3, settings["in_channels"], height, width)
        times = torch.tensor([0, 17, 999])
        rows = settings.get("num_class_embeds")
        labels = torch.tensor([0, rows - 1, 1]) if rows else None
        output = model(sample, times, class_labels=labels).sample
    model.save_pretrained(folder, safe_serialization=True)
    example = {"sample": sample, "times": times, "output": output.contiguous()}
    if rows:
        example["labels"] = labels
    save_file(example, str(folder / "example.safetensors"))
    print(folder.name, sum(p.numel() for p in model.parameters()), "parameters")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--frozen", action="store_true")
    given = arguments.parse_args()
    for number, (name, settings) in enumerate((FROZEN if given.frozen else LARGER).items()):
        make(given.folder / name, settings, number)
