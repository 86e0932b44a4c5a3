"""Whether adding documents keeps the embedder busy: passages a second beside those of the embedder alone.

Both are measured in turns, in both orders, on the same passages; the best round of each counts, since whatever else the
machine does can only slow them down.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.report import describe
from index.chunk import chunk
from index.embed import SentenceTransformerEmbedder
from index.ingest import embedded_texts
from index.library import Library
from index.read import read
from index.records import NewDocument
from index.rerank import LateInteraction

LEAST = 0.9


def write_documents(data: Path, folder: Path, count: int) -> list[Path]:
    """Writes paragraphs as Markdown files, those of one title together."""
    together: dict[str, list[str]] = {}
    with (data / "squad2" / "corpus.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            together.setdefault(row["title"], []).append(row["text"])
    paths = []
    for number, (title, paragraphs) in enumerate(together.items()):
        for part in range(0, len(paragraphs), 10):
            path = folder / f"{number:03}-{part:03}.md"
            path.write_text(f"# {title}\n\n" + "\n\n".join(paragraphs[part : part + 10]), encoding="utf-8")
            paths.append(path)
    for path in paths[count:]:
        path.unlink()
    return paths[:count]


def texts(paths: list[Path], embedder: SentenceTransformerEmbedder) -> list[str]:
    """Returns what is embedded for each passage of the files."""
    found = []
    for path in paths:
        content = read(path)
        chunks = chunk(content, embedder.count_tokens, embedder.max_tokens)
        found += embedded_texts(NewDocument(str(path), "", 0, content, tuple(chunks)))
    return found


def embed_alone(passages: list[str], embedder: SentenceTransformerEmbedder) -> tuple[float, float]:
    """Returns the passages a second of the embedder alone, all passages in one call; by the clock and of CPU time."""
    began, cpu = time.perf_counter(), time.process_time()
    embedder.embed(passages)
    return len(passages) / (time.perf_counter() - began), len(passages) / (time.process_time() - cpu)


def add(paths: list[Path], count: int, embedder: SentenceTransformerEmbedder) -> tuple[float, float]:
    """Returns the passages a second of adding the files to a new library."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library.open(Path(folder), embedder, LateInteraction(embedder))
        began, cpu = time.perf_counter(), time.process_time()
        library.add(paths)
        spent = time.perf_counter() - began, time.process_time() - cpu
        assert library.status().passages == count
        library.close()
    return count / spent[0], count / spent[1]


def main() -> int:
    """Returns 1 where adding is too slow."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds squad2")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe("torch", "sentence-transformers"))
    embedder = SentenceTransformerEmbedder()
    embedder.warm()
    rates: dict[str, list[tuple[float, float]]] = {"alone": [], "add": []}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_documents(options.data, Path(folder), options.files)
        passages = texts(paths, embedder)
        print(f"{len(paths)} files, {len(passages)} passages, {options.rounds} rounds in both orders; passages/s")
        for number in range(2 * options.rounds):
            for name in ("alone", "add") if number % 2 else ("add", "alone"):
                one = embed_alone(passages, embedder) if name == "alone" else add(paths, len(passages), embedder)
                rates[name].append(one)
                print(f"  {name:6}{one[0]:8.1f} by the clock{one[1]:8.1f} a second of CPU", flush=True)
    ratio, cpu = (max(r[i] for r in rates["add"]) / max(r[i] for r in rates["alone"]) for i in (0, 1))
    print(f"{'held' if ratio >= LEAST else 'MISSED'}: index add at {ratio:.3f} of the embedder alone, least {LEAST}")
    print(f"of CPU time: {cpu:.3f}")
    return 0 if ratio >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
