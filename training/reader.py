"""Trains the built-in engine's reader and writes the checkpoint that ships.

    python -m training.reader --qamr FOLDER --squad FOLDER --out assistant/engines/builtin/reader

The encoder begins as all-MiniLM-L6-v2. It learns from QAMR first and from QAMR mixed with half of the SQuAD 2.0
articles then; the scores printed at the end are from the other half, which it never sees. A run that was cut short goes
on from its last checkpoint (``--state``) when the command is repeated.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from transformers import AutoTokenizer

from assistant.engines.builtin.reader_net import ReaderNet, encoder_at
from assistant.engines.builtin.span_reader import ABOUT, WEIGHTS
from index.embed import installed_model
from training.examples import Asked, Example, from_articles, from_qamr, from_squad

MAX_TOKENS = 256
# Tokens of a batch, filling included: short passages come many at once.
BATCH_TOKENS = 1536
RATE, HEAD_RATE = 1e-4, 1e-3
WARM_UP = 0.06
# The embeddings and the lowest layers are left as they are, which saves a third of the time.
FROZEN_LAYERS = 2
SQUAD_SHARE = 0.6
# Batches are cut from so many examples at once, sorted by length, so that little is filled up.
POOL = 512
ANSWERABLE_WEIGHT = 0.5
SAVE_EVERY = 120.0  # seconds


@dataclass(frozen=True, slots=True)
class Coded:
    """An example as the network sees it.

    Attributes:
        ids: Tokens.
        types: 0 for the question, 1 for the passage.
        start: First token of the answer; 0 where there is none or it was cut off.
        end: Its last.
    """

    ids: list[int]
    types: list[int]
    start: int
    end: int


def main() -> None:
    """Trains and scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qamr", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--state", type=Path, help="where a run keeps what it needs to go on (default: OUT.pt)")
    parser.add_argument("--first", type=int, default=14_000, help="examples of QAMR alone")
    parser.add_argument("--then", type=int, default=5_000, help="examples of QAMR and SQuAD")
    parser.add_argument("--half", type=int, choices=(0, 1), default=0, help="of the articles, to learn from")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = AutoTokenizer.from_pretrained(str(installed_model()), local_files_only=True)
    net = ReaderNet(encoder_at(installed_model())).to(device)
    freeze(net)
    both = halves(from_squad(options.squad))
    seen, held_out = both[options.half], both[1 - options.half]
    stream = mixed(options.qamr, seen, options.first, options.then, random.Random(options.seed))
    state = options.state or options.out.with_suffix(".pt")
    train(net, batches(tokenizer, stream), options.first + options.then, device, state)
    save(net, options.out, [one.title for one in seen])
    print(json.dumps(evaluate(net, tokenizer, [one.example for one in held_out], device)))


def freeze(net: ReaderNet) -> None:
    """Leaves the embeddings and the lowest layers out of the training."""
    for part in (net.encoder.embeddings, *net.encoder.encoder.layer[:FROZEN_LAYERS]):
        part.requires_grad_(False)


def halves(articles: dict[str, list[Asked]]) -> tuple[list[Asked], list[Asked]]:
    """Splits questions by article, about equally many to learn from and to judge by."""
    titles = sorted(articles, key=lambda title: (-len(articles[title]), title))
    seen, held_out = ([e for title in titles[first::2] for e in articles[title]] for first in (0, 1))
    return seen, held_out


def mixed(qamr: Path, squad: Sequence[Asked], first: int, then: int, source: random.Random) -> Iterator[Example]:
    """Yields QAMR alone, and with a share of SQuAD after that."""
    easy, hard = from_qamr(qamr, source), from_articles(squad, source)
    for number in range(first + then):
        yield next(hard) if number >= first and source.random() < SQUAD_SHARE else next(easy)


def train(net: ReaderNet, stream: Iterator[list[Coded]], examples: int, device: torch.device, state: Path) -> None:
    """Learns from the stream, from where an earlier run stopped if there was one."""
    heads = [*net.span.parameters(), *net.answerable.parameters()]
    inner = [parameter for parameter in net.encoder.parameters() if parameter.requires_grad]
    groups = [{"params": inner, "lr": RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    step, done = resume(net, optimizer, state)
    next(islice(stream, step, step), None)  # what was learned from already
    net.train()
    began, saved, losses = time.monotonic(), time.monotonic(), []
    for batch in stream:
        for group, rate in zip(optimizer.param_groups, (RATE, HEAD_RATE), strict=True):
            group["lr"] = rate * schedule(done / examples)
        losses.append(learn(net, batch, optimizer, device))
        step, done = step + 1, done + len(batch)
        if step % 25 == 0:
            spent, recent = time.monotonic() - began, np.mean(losses[-50:], axis=0).round(3)
            print(f"step {step}, {done} of {examples} examples, losses {recent}, {spent:.0f} s", flush=True)
        if time.monotonic() - saved > SAVE_EVERY:
            keep(net, optimizer, state, step, done)
            saved = time.monotonic()
    keep(net, optimizer, state, step, done)


def schedule(share: float) -> float:
    """The learning rate's factor when that share is done: up in a line, then down in a line."""
    return min(share / WARM_UP + 0.02, (1 - share) / (1 - WARM_UP))


def resume(net: ReaderNet, optimizer: torch.optim.Optimizer, state: Path) -> tuple[int, int]:
    """Loads what an earlier run kept; returns its steps and examples, 0 where there was none."""
    if not state.exists():
        return 0, 0
    kept = torch.load(state, weights_only=True)
    net.load_state_dict(kept["net"])
    optimizer.load_state_dict(kept["optimizer"])
    torch.set_rng_state(kept["random"])
    return kept["step"], kept["done"]


def keep(net: ReaderNet, optimizer: torch.optim.Optimizer, state: Path, step: int, done: int) -> None:
    """Writes what is needed to go on, never half of it."""
    state.parent.mkdir(parents=True, exist_ok=True)
    draft = state.with_suffix(".draft")
    content = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
    torch.save({**content, "step": step, "done": done}, draft)
    draft.replace(state)


def batches(tokenizer: Any, stream: Iterator[Example]) -> Iterator[list[Coded]]:
    """Cuts a stream into batches of similar length, in random order."""
    source = random.Random(0)
    while pool := list(islice(stream, POOL)):
        coded = sorted(encoded(tokenizer, pool), key=lambda one: len(one.ids))
        cut: list[list[Coded]] = [[]]
        for one in coded:
            if (len(cut[-1]) + 1) * len(one.ids) > BATCH_TOKENS:
                cut.append([])
            cut[-1].append(one)
        source.shuffle(cut)
        yield from cut


def encoded(tokenizer: Any, examples: Sequence[Example]) -> list[Coded]:
    """Returns examples as tokens."""
    coded = tokenizer(
        [example.question for example in examples],
        [example.passage for example in examples],
        truncation="only_second",
        max_length=MAX_TOKENS,
        return_offsets_mapping=True,
    )
    return [
        Coded(
            coded["input_ids"][row],
            coded["token_type_ids"][row],
            *_tokens(coded.sequence_ids(row), coded["offset_mapping"][row], example),
        )
        for row, example in enumerate(examples)
    ]


def _tokens(sides: Sequence[int | None], offsets: Sequence[Sequence[int]], example: Example) -> tuple[int, int]:
    """The first and last token of the answer; (0, 0) where there is none or it was cut off."""
    inside = [
        number
        for number, (side, (first, last)) in enumerate(zip(sides, offsets, strict=True))
        if side == 1 and example.start >= 0 and first < example.end and last > example.start
    ]
    return (inside[0], inside[-1]) if inside else (0, 0)


def padded(batch: Sequence[Coded], device: torch.device) -> dict[str, Tensor]:
    """Returns the network's input, each of shape (batch, tokens)."""
    longest = max(len(one.ids) for one in batch)
    rows = {
        "input_ids": [one.ids + [0] * (longest - len(one.ids)) for one in batch],
        "attention_mask": [[1] * len(one.ids) + [0] * (longest - len(one.ids)) for one in batch],
        "token_type_ids": [one.types + [0] * (longest - len(one.ids)) for one in batch],
    }
    return {name: torch.tensor(values, device=device) for name, values in rows.items()}


def learn(
    net: ReaderNet, batch: Sequence[Coded], optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[float, float]:
    """One step; returns the losses of the span and of there being one."""
    inputs = padded(batch, device)
    starts, ends = (torch.tensor([getattr(one, side) for one in batch], device=device) for side in ("start", "end"))
    with torch.autocast(device.type, torch.bfloat16):
        start, end, answerable = net(**inputs)
    hidden = inputs["attention_mask"] == 0
    start, end = (logits.masked_fill(hidden, -1e4) for logits in (start, end))
    spans = nn.functional.cross_entropy(start, starts) + nn.functional.cross_entropy(end, ends)
    there = nn.functional.binary_cross_entropy_with_logits(answerable, (starts > 0).float())
    loss = spans / 2 + ANSWERABLE_WEIGHT * there
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    return float(spans.detach()) / 2, float(there.detach())


@torch.no_grad()
def evaluate(net: ReaderNet, tokenizer: Any, examples: Sequence[Example], device: torch.device) -> dict[str, float]:
    """Scores spans on their own paragraphs, and how well the reader tells questions without an answer."""
    from assistant.engines.builtin.spans import best_span

    net.eval()
    margins, said, exact, overlap = [], [], [], []
    for one in encoded(tokenizer, examples):
        inputs = padded([one], device)
        start, end, answerable = (part.cpu().numpy() for part in net(**inputs))
        passage = inputs["token_type_ids"][0].cpu().numpy().astype(bool)
        span = best_span(start[0], end[0], passage)
        margins.append(span.score - (start[0][0] + end[0][0]))
        said.append(answerable[0])
        if one.start > 0:
            wanted, found = set(range(one.start, one.end + 1)), set(range(span.start, span.end + 1))
            exact.append(wanted == found)
            overlap.append(2 * len(wanted & found) / (len(wanted) + len(found)))
    truth = [example.start >= 0 for example in examples]
    return {
        "questions": len(examples),
        "exact": round(float(np.mean(exact)), 4),
        "token_f1": round(float(np.mean(overlap)), 4),
        "auroc_answerable": round(float(roc_auc_score(truth, said)), 4),
        "auroc_margin": round(float(roc_auc_score(truth, margins)), 4),
    }


def save(net: ReaderNet, out: Path, articles: Sequence[str]) -> None:
    """Writes what was trained in half precision, and which articles it learned from."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    trained = {name for name, parameter in net.named_parameters() if parameter.requires_grad}
    weights = {
        name.removeprefix("encoder."): value.detach().half().contiguous().cpu()
        for name, value in net.state_dict().items()
        if name in trained
    }
    save_file(weights, out / WEIGHTS)
    said = {"articles": sorted(set(articles)), "sha256": hashlib.sha256((out / WEIGHTS).read_bytes()).hexdigest()}
    (out / ABOUT).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
