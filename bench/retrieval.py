"""How well passages are found: nDCG@10 and hits of meaning alone, words alone, both fused, and looked at again.

The sets are folders of JSON lines: squad2 (corpus, questions with one gold paragraph each, the unanswerable ones
counted too, since their paragraph is still the one to look at), cranfield (corpus, queries, graded judgements) and
distractors, which are added to squad2 to see what a bigger library costs.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from statistics import fmean, median

from bench.report import describe
from index.embed import SentenceTransformerEmbedder
from index.library import Library
from index.rerank import LateInteraction
from index.search import DENSE_WEIGHT, LEXICAL_WEIGHT
from index.types import Hit, Page, ReadDocument

SETS = ("squad2", "cranfield", "squad2+distractors")
REQUIRED = {"squad2": 0.91, "cranfield": 0.65}
REQUIRED_HIT5 = {"squad2": 0.95}
DISTRACTORS_MAY_COST = 0.03
DEPTH = 200  # passages, so that ten documents are among them whatever the order
CUT = 10
COUNTED_FROM = 20  # the first queries warm caches

Corpus = list[tuple[str, ReadDocument]]


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the gain of each document that answers it."""

    text: str
    gains: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the queries of a set."""

    ndcg: float
    hit1: float
    hit5: float


def load(data: Path, name: str) -> tuple[Corpus, list[Query]]:
    """Returns the documents and the queries of a set."""
    folder = data / name.partition("+")[0]
    corpus = _corpus(folder / "corpus.jsonl")
    if name.endswith("+distractors"):
        for path in sorted((data / "distractors").glob("*.jsonl")):
            corpus += _corpus(path, f"{path.stem}/")
    return corpus, _graded(folder) if (folder / "qrels.tsv").exists() else _gold(folder)


def _rows(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _corpus(path: Path, prefix: str = "") -> Corpus:
    return [
        (f"{prefix}{row['id']}", ReadDocument(row["title"], "text", (Page(None, row["text"]),))) for row in _rows(path)
    ]


def _gold(folder: Path) -> list[Query]:
    return [Query(row["text"], {row["gold_paragraph"]: 1.0}) for row in _rows(folder / "questions.jsonl")]


def _graded(folder: Path) -> list[Query]:
    """Judgements of grade g gain 2^g - 1, after Burges et al. 2005."""
    gains: dict[str, dict[str, float]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        gains.setdefault(query, {})[document] = 2.0 ** int(grade) - 1
    return [Query(row["text"], gains[row["id"]]) for row in _rows(folder / "queries.jsonl") if row["id"] in gains]


def _dense(hit: Hit) -> float:
    return hit.dense


def _lexical(hit: Hit) -> float:
    return hit.lexical


def _fused(hit: Hit) -> float:
    return DENSE_WEIGHT * hit.dense + LEXICAL_WEIGHT * hit.lexical


def _score(hit: Hit) -> float:
    return hit.score


def ranked(hits: Sequence[Hit], by: Callable[[Hit], float]) -> list[str]:
    """Returns the documents of hits in the order of their best passage under one of the scores."""
    best: dict[str, float] = {}
    for hit in hits:
        name, score = hit.document.path, by(hit)
        best[name] = max(best.get(name, -math.inf), score)
    return sorted(best, key=lambda name: -best[name])


def figures(rankings: Sequence[Sequence[str]], queries: Sequence[Query]) -> Figures:
    """Returns nDCG@10 and the share of queries with an answer in the first place and in the first five."""
    ndcg, hit1, hit5 = [], [], []
    for ranking, query in zip(rankings, queries, strict=True):
        found = [query.gains.get(name, 0.0) for name in ranking[:CUT]]
        ndcg.append(_dcg(found) / _dcg(sorted(query.gains.values(), reverse=True)[:CUT]))
        hit1.append(any(found[:1]))
        hit5.append(any(found[:5]))
    return Figures(fmean(ndcg), fmean(hit1), fmean(hit5))


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


@contextmanager
def library(name: str, corpus: Corpus, keep: Path | None) -> Iterator[Library]:
    """A library that holds a corpus; one that was kept is used again."""
    with tempfile.TemporaryDirectory() as temporary:
        embedder = SentenceTransformerEmbedder()
        opened = Library.open((keep or Path(temporary)) / PurePath(name), embedder, LateInteraction(embedder))
        try:
            opened.add_documents(corpus)
            yield opened
        finally:
            opened.close()


def measure(name: str, data: Path, keep: Path | None) -> Figures:
    """Prints the figures of one set; returns those of the order in which people see the hits."""
    corpus, queries = load(data, name)
    results = []
    with library(name, corpus, keep) as opened:
        for query in queries:
            results.append(opened.search(query.text, DEPTH))
        passages = opened.status().passages
        times = _times(opened, queries[: 100 + COUNTED_FROM])
    print(f"\n{name}: {len(corpus)} documents, {passages} passages, {len(queries)} queries")
    print(f"{'':10}{'nDCG@10':>9}{'hit@1':>8}{'hit@5':>8}")
    for label, by in (("meaning", _dense), ("words", _lexical), ("fused", _fused), ("reranked", _score)):
        found = figures([ranked(hits, by) for hits in results], queries)
        print(f"{label:10}{found.ndcg:9.4f}{found.hit1:8.3f}{found.hit5:8.3f}")
    print("a query for 6 passages, medians in ms:", times, flush=True)
    return found


def _times(opened: Library, queries: Sequence[Query]) -> str:
    """Returns how long a query takes with and without the second look, in turns, by the clock and of CPU time."""
    embedder = SentenceTransformerEmbedder()
    plain = Library.open(Path(opened.status().folder), embedder)
    spent: dict[str, list[tuple[float, float]]] = {"with the second look": [], "without": []}
    for query in queries:
        for each, took in zip((opened, plain), spent.values(), strict=True):
            began, cpu = time.perf_counter(), time.process_time()
            each.search(query.text)
            took.append((time.perf_counter() - began, time.process_time() - cpu))
    plain.close()
    return ", ".join(
        f"{name} {median(row[0] for row in took[COUNTED_FROM:]) * 1e3:.1f}"
        f" ({median(row[1] for row in took[COUNTED_FROM:]) * 1e3:.1f} of CPU)"
        for name, took in spent.items()
    )


def judge(measured: Mapping[str, Figures]) -> bool:
    """Prints whether the figures reach what is required; returns it."""
    held = True
    for name, least in REQUIRED.items():
        if name in measured:
            held &= _verdict(f"{name}, nDCG@10 at least {least}", measured[name].ndcg >= least)
    for name, least in REQUIRED_HIT5.items():
        if name in measured:
            held &= _verdict(f"{name}, hit@5 at least {least}", measured[name].hit5 >= least)
    small, big = (measured.get(name) for name in ("squad2", "squad2+distractors"))
    if small and big:
        cost = small.ndcg - big.ndcg
        held &= _verdict(f"distractors cost {cost:.4f}, at most {DISTRACTORS_MAY_COST}", cost <= DISTRACTORS_MAY_COST)
    return held


def _verdict(what: str, held: bool) -> bool:
    print(f"{'held' if held else 'MISSED'}: {what}")
    return held


def main() -> int:
    """Returns 1 where a figure was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.retrieval", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds the sets")
    parser.add_argument("--set", choices=SETS, action="append", help="only this set; may be repeated")
    parser.add_argument("--keep", type=Path, help="keep the libraries in this folder, for the next run")
    options = parser.parse_args()
    print(describe("torch", "sentence-transformers", "faiss-cpu"))
    measured = {name: measure(name, options.data, options.keep) for name in options.set or SETS}
    return 0 if judge(measured) else 1


if __name__ == "__main__":
    sys.exit(main())
