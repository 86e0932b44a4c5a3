"""The starter model's classes, tiny and with random weights: for trying what is done with the model."""

from __future__ import annotations

from pathlib import Path

import torch

from index.torchvision_guard import guard_torchvision
from tools.generate_image.text_encoder import WIDTH, MiniLmSlots, Slots, minilm
from training.pictures.export import write
from training.pictures.unet import LATENT, make_scheduler
from training.pictures.vae import CHANNELS

guard_torchvision()


def write_untrained(out: Path) -> Path:
    """Writes an untrained model as the starter model is written; returns its folder."""
    from diffusers import StableDiffusionPipeline, UNet2DConditionModel

    from tools.generate_image.autoencoder import PatchAutoencoder

    torch.manual_seed(0)
    bert, tokenizer = minilm()
    unet = UNet2DConditionModel(
        sample_size=LATENT,
        in_channels=CHANNELS,
        out_channels=CHANNELS,
        block_out_channels=(16, 16),
        layers_per_block=1,
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )
    pipeline = StableDiffusionPipeline(
        vae=PatchAutoencoder(latent_channels=CHANNELS, width=16),
        text_encoder=MiniLmSlots(bert, Slots()),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=make_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    write(pipeline, out)
    return out
