"""Draws with a model: what the tool adds to the bare pipeline, previews on, and whether memory grows over 100 pictures.

Both sides run the same loaded pipeline with the same prompt, seed and steps, in turns, and what counts is processor
time, which other programs on the machine disturb less than the clock; the least of each side is compared. The tool's
side saves its pictures, but for the signature, and makes previews, which are taken and thrown away. Of the hundred
pictures every tenth is stopped after its second step, and every tenth is refused for its size.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.context import Context
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.testing import call, make_context
from bench.report import describe, verdict

MOST_OVERHEAD, MOST_GROWTH = 3.0, 20.0  # per cent, MB
PROMPT = "a red circle left of a blue square"
WARM, EVERY = 5, 10
MEGABYTE = 1_000_000


class Drawing:
    """The tool with a model.

    Args:
        settings: Of the tool.
        folder: Where pictures are kept.
        asked: What each call asks for.
    """

    def __init__(self, settings: dict[str, Any], folder: Path, asked: dict[str, Any]) -> None:
        tools = load_file(builtin_folder() / "generate_image" / "__init__.py", {"generate_image": settings})
        self._tool = next(tool for tool in tools if tool.name == "generate_image")
        self._settings, self._folder, self._asked = settings, folder, asked
        self.previews = 0

    def draw(self, stop: int | None = None, **asked: Any) -> None:
        """Draws a picture, or stops after so many steps."""
        context = make_context(self._folder)
        context.show = self._preview
        if stop:
            context.report = lambda fraction, message: _stop_at(message, stop, context)
        try:
            call(self._tool.function, context, self._settings, **self._asked | asked)
        except ToolError:
            if not (stop or asked):
                raise
        for path in self._folder.glob("*.png"):
            path.unlink()

    def bare(self) -> Callable[[], None]:
        """Returns what makes the same picture with the pipeline alone."""
        import torch

        module = importlib.import_module(self._tool.function.__module__ + ".model")
        model = module.model_of(self._tool.settings)
        guidance = {} if self._asked.get("guidance") is None else {"guidance_scale": self._asked["guidance"]}

        def make() -> None:
            generator = torch.Generator("cpu").manual_seed(self._asked["seed"])
            model.pipeline(PROMPT, num_inference_steps=self._asked["steps"], generator=generator, **guidance).images[
                0
            ].save(self._folder / "bare.png")

        return make

    def _preview(self, data: bytes) -> None:
        self.previews += 1


def _stop_at(message: str, step: int, context: Context) -> None:
    if message.startswith("step ") and int(message.split()[1]) >= step:
        context.cancel()


def spent(work: Callable[[], None]) -> float:
    """Returns the processor time that something takes, in seconds."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def overhead(drawing: Drawing, rounds: int) -> bool:
    """Compares the tool with the bare pipeline."""
    bare, ours, theirs = drawing.bare(), [], []
    drawing.draw()
    bare()
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            (ours if side else theirs).append(spent(drawing.draw if side else bare))
    print(f"bare {min(theirs):.3f} s, through the tool {min(ours):.3f} s of processor, {drawing.previews} previews")
    return verdict("the tool adds", (min(ours) / min(theirs) - 1) * 100, MOST_OVERHEAD, "%")


def memory(drawing: Drawing, count: int) -> bool:
    """Draws many pictures and compares what the process holds."""
    for _ in range(WARM):
        drawing.draw()
    first = held()
    for number in range(count):
        kind = number % EVERY
        drawing.draw(stop=2 if kind == 1 else None, **({"size": "63x70001"} if kind == 2 else {}))
        if (number + 1) % 25 == 0:
            print(f"  after {number + 1}: {(held() - first) / MEGABYTE:+.1f} MB", flush=True)
    return verdict(f"over {count} pictures memory grows by", (held() - first) / MEGABYTE, MOST_GROWTH, "MB")


def held() -> int:
    """Returns the bytes that the process holds in memory."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.drawing", description=__doc__)
    parser.add_argument("--model", default="", help="a folder or a name on the hub; without it the model that ships")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--guidance", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--pictures", type=int, default=100, help="0 leaves memory out")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    print(describe("torch", "diffusers"))
    settings = {"model": options.model} if options.model else {}
    asked = {"prompt": PROMPT, "seed": 5, "steps": options.steps, "guidance": options.guidance}
    with tempfile.TemporaryDirectory() as name:
        drawing = Drawing(settings, Path(name), asked)
        held = overhead(drawing, options.rounds)
        if options.pictures:
            held &= memory(drawing, options.pictures)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
