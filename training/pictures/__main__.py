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


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Of the run.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The model's folder.")
@click.option("--figures", default="", help="What the judge found, for the model card.")
def export(folder: Path, out: Path, figures: str) -> None:
    """Writes the model as the tools take it, with its card and a sheet of samples that nobody chose."""
    from training.pictures.card import write_card
    from training.pictures.export import export as write
    from training.pictures.export import sheet

    write(folder, out)
    write_card(out, figures)
    sheet(folder, out / "samples.png")


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="Of the run.")
@click.option("--steps", default=25, show_default=True)
@click.option("--guidance", default=3.0, show_default=True)
@click.option("--count", default=150, show_default=True, help="Prompts of each kind.")
@click.option("--judged", is_flag=True, help="With the prompts that count, of combinations kept out of training.")
def judge(folder: Path, steps: int, guidance: float, count: int, judged: bool) -> None:
    """Asks for shapes and lets the judge look; without --judged on prompts to try settings with."""
    from training.pictures.evaluate import JUDGED, TRIED, evaluate, pipeline_of_run

    seed = JUDGED if judged else TRIED
    click.echo(evaluate(pipeline_of_run(folder), steps, guidance, seed, count, judged))


if __name__ == "__main__":
    main()
