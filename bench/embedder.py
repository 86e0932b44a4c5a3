"""The embedder alone, each way in which it runs here: passages a second, and how near it is to torch in float32.

OpenVINO is what a processor gets, torch in bf16 a GPU; on a machine without one the latter is left out. The ways take
turns, in both orders; the best round of each counts.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.report import describe
from index.embed import installed_model
from index.openvino import OpenVinoModel, Unsuitable
from index.torch_model import TorchModel

NEAREST = 0.999
Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def ways(folder: Path) -> dict[str, Embed]:
    """Returns how texts can be embedded on this machine, torch in float32 on the processor first."""
    chosen = TorchModel(str(folder), local=True)  # first, since it sees to what the next line needs
    import torch
    from sentence_transformers import SentenceTransformer

    on_gpu = torch.cuda.is_available()
    found: dict[str, Embed] = {"torch float32": _plain(SentenceTransformer(str(folder), device="cpu"))}
    if on_gpu:
        found["GPU float32"] = _plain(SentenceTransformer(str(folder), device="cuda"))
        found[f"GPU {_precision(chosen)}"] = chosen.embed
    try:
        found["OpenVINO"] = OpenVinoModel(folder).embed
    except Unsuitable as error:
        print(f"OpenVINO is left out: {error}")
    return found


def _plain(model: Any) -> Embed:
    return lambda texts: np.asarray(
        model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False), np.float32
    )


def _precision(model: TorchModel) -> str:
    return str(next(model._model.parameters()).dtype).removeprefix("torch.")


def main() -> int:
    """Returns 1 where vectors are too far from those in float32."""
    parser = argparse.ArgumentParser(prog="python -m bench.embedder", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds squad2")
    parser.add_argument("--passages", type=int, default=400, metavar="N")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--model", type=Path, help="folder of another sentence-transformers model")
    options = parser.parse_args()
    print(describe("torch", "sentence-transformers", "openvino"))
    lines = (options.data / "squad2" / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    every = max(1, len(lines) // options.passages)
    texts = [json.loads(line)["text"] for line in lines[::every]]
    found = ways(options.model or installed_model())
    rates: dict[str, list[float]] = {name: [] for name in found}
    vectors: dict[str, NDArray[np.float32]] = {}
    for embed in found.values():
        embed(texts[:8])
    for number in range(options.rounds):
        for name in found if number % 2 == 0 else reversed(found):
            began = time.perf_counter()
            vectors[name] = found[name](texts)
            rates[name].append(len(texts) / (time.perf_counter() - began))
    reference, held = vectors["torch float32"], True
    for name, made in vectors.items():
        cosine = float((made * reference).sum(axis=1).min())
        held &= cosine >= NEAREST
        print(f"{name:16}{max(rates[name]):10.1f} passages/s   lowest cosine to float32 {cosine:.6f}", flush=True)
    print(f"{'held' if held else 'MISSED'}: cosine at least {NEAREST}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
