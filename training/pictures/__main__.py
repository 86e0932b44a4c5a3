"""Trains the starter picture model: ``python -m training.pictures vae --folder RUN`` and so on."""

from __future__ import annotations

import logging
from pathlib import Path

import click
import torch


@click.group()
@click.option("--threads", default=1, show_default=True, help="Threads of torch.")
def main(threads: int) -> None:
    """The starter picture model: train, export, judge. Each step goes on where it was stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(threads)


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Of the run.")
@click.option("--steps", default=2000, show_default=True)
def vae(folder: Path, steps: int) -> None:
    """Trains the autoencoder."""
    from training.pictures.vae import finish_vae, train_vae

    folder.mkdir(parents=True, exist_ok=True)
    train_vae(folder, steps)
    finish_vae(folder)


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Of the run.")
@click.option("--steps", default=2500, show_default=True)
def text(folder: Path, steps: int) -> None:
    """Trains what reads MiniLM's states of a caption."""
    from training.pictures.text import train_text

    train_text(folder, steps)


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Of the run.")
@click.option("--steps", default=6000, show_default=True)
def unet(folder: Path, steps: int) -> None:
    """Trains the U-Net."""
    from training.pictures.unet import train_unet

    train_unet(folder, steps)


if __name__ == "__main__":
    main()
