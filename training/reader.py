"""Trains the built-in engine's reader and writes the checkpoint that ships.

    python -m training.reader --qamr FOLDER --squad FOLDER --out assistant/engines/builtin/reader

The encoder begins as all-MiniLM-L6-v2. It learns from QAMR first and from QAMR mixed with half of the SQuAD 2.0
articles then; the scores printed at the end are from the other half, which it never sees.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from transformers import AutoTokenizer

from assistant.engines.builtin.reader_net import MAX_TOKENS, ReaderNet, encoder_at
from index.embed import installed_model
from training.examples import Example, from_qamr, from_squad

BATCH = 32
RATE, HEAD_RATE = 8e-5, 5e-4
WARM_UP = 0.06
SQUAD_SHARE = 0.35
# Batches are cut from so many examples at once, sorted by length, so that little is filled up.
POOL = 16
NO_ANSWER_WEIGHT = 0.5


def main() -> None:
    """Trains and scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qamr", type=Path, required=True)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = AutoTokenizer.from_pretrained(str(installed_model()), local_files_only=True)
    net = ReaderNet(encoder_at(installed_model())).to(device)
    seen, held_out = halves(from_squad(options.squad))
    stream = mixed(options.qamr, seen, options.steps * BATCH, random.Random(options.seed))
    train(net, tokenizer, stream, options.steps, device, options.out)
    save(net, tokenizer, options.out)
    scores = evaluate(net, tokenizer, held_out, device)
    print(json.dumps(scores))


def halves(articles: dict[str, list[Example]]) -> tuple[list[Example], list[Example]]:
    """Splits examples by article, about equally many to learn from and to judge by."""
    titles = sorted(articles, key=lambda title: (-len(articles[title]), title))
    seen, held_out = ([e for title in titles[first::2] for e in articles[title]] for first in (0, 1))
    return seen, held_out


def mixed(qamr: Path, squad: Sequence[Example], count: int, source: random.Random) -> Iterator[Example]:
    """Yields QAMR alone for the first third, and with a share of SQuAD after that."""
    stream = from_qamr(qamr, source)
    for number in range(count):
        late = number > count / 3
        yield source.choice(squad) if late and source.random() < SQUAD_SHARE else next(stream)


def train(
    net: ReaderNet, tokenizer: Any, stream: Iterator[Example], steps: int, device: torch.device, out: Path
) -> None:
    """Runs the steps; every 500 a checkpoint is written, so that a long run can be cut short."""
    heads = [*net.span.parameters(), *net.answerable.parameters()]
    groups = [{"params": net.encoder.parameters(), "lr": RATE}, {"params": heads, "lr": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, [RATE, HEAD_RATE], total_steps=steps + 1, pct_start=WARM_UP, anneal_strategy="linear"
    )
    net.train()
    began, losses = time.monotonic(), []
    for step, batch in enumerate(batches(stream), 1):
        losses.append(learn(net, tokenizer, batch, optimizer, device))
        schedule.step()
        if step % 50 == 0:
            spent = time.monotonic() - began
            print(f"step {step} of {steps}, loss {np.mean(losses[-50:]):.3f}, {spent:.0f} s", flush=True)
        if step % 500 == 0:
            save(net, tokenizer, out)
        if step == steps:
            return


def batches(stream: Iterator[Example]) -> Iterator[list[Example]]:
    """Cuts a stream into batches of similar length, in random order."""
    source = random.Random(0)
    while pool := [example for _, example in zip(range(BATCH * POOL), stream, strict=False)]:
        pool.sort(key=lambda example: len(example.passage))
        cut = [pool[first : first + BATCH] for first in range(0, len(pool), BATCH)]
        source.shuffle(cut)
        yield from cut


def learn(
    net: ReaderNet, tokenizer: Any, batch: Sequence[Example], optimizer: torch.optim.Optimizer, device: torch.device
) -> float:
    """One step; returns the loss."""
    inputs, starts, ends = encoded(tokenizer, batch, device)
    with torch.autocast(device.type, torch.bfloat16):
        start, end, answerable = net(**inputs)
    hidden = inputs["attention_mask"] == 0
    start, end = (logits.masked_fill(hidden, -1e4) for logits in (start, end))
    spans = nn.functional.cross_entropy(start, starts) + nn.functional.cross_entropy(end, ends)
    there = nn.functional.binary_cross_entropy_with_logits(answerable, (starts > 0).float())
    loss = spans / 2 + NO_ANSWER_WEIGHT * there
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def encoded(tokenizer: Any, batch: Sequence[Example], device: torch.device) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Returns the network's input and the tokens at which the answers start and end; 0 where there is none."""
    coded = tokenizer(
        [example.question for example in batch],
        [example.passage for example in batch],
        truncation="only_second",
        max_length=MAX_TOKENS,
        padding=True,
        return_offsets_mapping=True,
        return_tensors="pt",
    )
    spans = [
        _tokens(coded.sequence_ids(row), coded["offset_mapping"][row].tolist(), example)
        for row, example in enumerate(batch)
    ]
    inputs = {key: coded[key].to(device) for key in ("input_ids", "attention_mask", "token_type_ids")}
    starts, ends = (torch.tensor(side, device=device) for side in zip(*spans, strict=True))
    return inputs, starts, ends


def _tokens(sides: Sequence[int | None], offsets: Sequence[Sequence[int]], example: Example) -> tuple[int, int]:
    """The first and last token of the answer; (0, 0) where there is none or it was cut off."""
    inside = [
        number
        for number, (side, (first, last)) in enumerate(zip(sides, offsets, strict=True))
        if side == 1 and example.start >= 0 and first < example.end and last > example.start
    ]
    return (inside[0], inside[-1]) if inside else (0, 0)


@torch.no_grad()
def evaluate(net: ReaderNet, tokenizer: Any, examples: Sequence[Example], device: torch.device) -> dict[str, float]:
    """Scores spans on their own paragraphs, and how well the reader tells questions without an answer."""
    from assistant.engines.builtin.spans import best_span

    net.eval()
    margins, said, exact, overlap = [], [], [], []
    for first in range(0, len(examples), BATCH):
        batch = examples[first : first + BATCH]
        inputs, starts, ends = encoded(tokenizer, batch, device)
        start, end, answerable = (part.cpu().numpy() for part in net(**inputs))
        passage = (inputs["token_type_ids"] * inputs["attention_mask"]).cpu().numpy().astype(bool)
        for row, example in enumerate(batch):
            span = best_span(start[row], end[row], passage[row])
            margins.append(span.score - (start[row][0] + end[row][0]))
            said.append(answerable[row])
            if example.start >= 0:
                wanted = set(range(int(starts[row]), int(ends[row]) + 1))
                found = set(range(span.start, span.end + 1))
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


def save(net: ReaderNet, tokenizer: Any, out: Path) -> None:
    """Writes the weights in half precision, the encoder's configuration and the tokenizer."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().half().contiguous().cpu() for name, value in net.state_dict().items()}
    save_file(weights, out / "reader.safetensors")
    net.encoder.config.save_pretrained(out)
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))


if __name__ == "__main__":
    main()
