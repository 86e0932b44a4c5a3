"""How a library of 100,000 passages opens, answers and grows: seconds, memory, and what an approximate search misses.

The library is made once in FOLDER from the texts of a set of `bench.retrieval`, most of them repeated with a fifth of
their words changed, and vectors moved accordingly instead of being embedded (see `bench.enlarge`). Each part runs in a
process of its own, without the second look of a reranker. Times are compared within one process, taken in turns.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from bench.enlarge import Collection, Matrix, collect, enlarged_vectors, make, make_bare, really_changed
from bench.report import describe, verdict
from bench.retrieval import load
from index.arrangement import Options, is_flat
from index.embed import SentenceTransformerEmbedder
from index.faiss_index import FaissIndex
from index.library import Library
from index.store import Store
from index.vectors import PASSAGES, added_after

BARE_RATIO, P99_MS, OPEN_S, LEAST_RECALL = 1.3, 100.0, 1.0, 0.95
MEMORY_RATIO, MEMORY_MB = 1.5, 300.0
NEIGHBOURS, CANDIDATES, WARMING = 10, 100, 20
PARTS = ("open", "cold", "query", "recall", "growth")


def questions(data: Path, count: int) -> list[str]:
    """Questions of the set, spread over all of it."""
    found = [query.text for query in load(data, "squad2")[1]]
    return found[:: max(1, len(found) // count)][:count]


def memory_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def timed(action: Callable[[], object]) -> float:
    """Milliseconds of an action."""
    began = time.perf_counter()
    action()
    return (time.perf_counter() - began) * 1e3


def settle(folder: Path, embedder: SentenceTransformerEmbedder) -> None:
    """Has the library's vectors arranged and written to their file, as the first use of it does."""
    with closing(Library.open(folder, embedder)) as library:
        library.search("settle")


def part_open(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """Opening with the model loaded already, then memory while searching."""
    embedder.warm()
    base, asked = memory_mb(), questions(options.data, options.queries)
    began = time.perf_counter()
    with closing(Library.open(_folder(options, options.passages), embedder)) as library:
        assert library.search(asked[0])
        held = verdict("opening to the first hit, model loaded", time.perf_counter() - began, OPEN_S, "s")
        for query in asked:
            library.search(query)
        vectors = options.passages * embedder.dimensions * 4 / 1e6
        print(f"the process with the embedder alone: {base:.0f} MB; vectors: {vectors:.0f} MB")
        return verdict("memory while searching", memory_mb(), MEMORY_RATIO * vectors + MEMORY_MB, "MB") and held


def part_cold(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """Opening with nothing loaded; printed without a limit."""
    started = time.time() - psutil.Process().create_time()
    [asked] = questions(options.data, 1)
    began = time.perf_counter()
    with closing(Library.open(_folder(options, options.passages), embedder)) as library:
        assert library.search(asked)
        spent = time.perf_counter() - began
    print(
        f"start of the process and imports {started:.2f} s, then opening to the first hit with the model {spent:.2f} s"
    )
    return True


def part_query(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """Queries beside embedding them and searching the same vectors with FAISS alone."""
    import faiss

    folder, asked = _folder(options, options.passages), questions(options.data, options.queries + WARMING)
    bare = faiss.IndexFlatIP(embedder.dimensions)
    bare.add(_vectors(folder, embedder.dimensions))
    faiss.omp_set_num_threads(1)
    rows = []
    with closing(Library.open(folder, embedder)) as library:
        for query in asked:
            ours = timed(lambda query=query: library.search(query))  # type: ignore[misc]
            embedding = timed(lambda query=query: embedder.embed([query]))  # type: ignore[misc]
            vector = embedder.embed([query])
            rows.append((ours, embedding, timed(lambda vector=vector: bare.search(vector, CANDIDATES))))  # type: ignore[misc]
    ours, embedding, searching = (np.array(column) for column in zip(*rows[WARMING:], strict=True))
    print(f"medians: embedding {np.median(embedding):.1f} ms, bare exact FAISS {np.median(searching):.1f} ms")
    held = verdict("median query", float(np.median(ours)), BARE_RATIO * float(np.median(embedding + searching)), "ms")
    return verdict("p99 of queries", float(np.quantile(ours, 0.99)), P99_MS, "ms") and held


def part_recall(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """What the approximate search finds of what the exact one does, on vectors that were all really embedded."""
    collection = _collection(options, embedder)
    vectors = np.concatenate(
        [collection.vectors, really_changed(collection, options.embedded, options.folder, embedder)]
    )
    print(f"{len(vectors)} vectors of real texts, {options.embedded} of them changed")
    return _recalled(options, f"real-{len(vectors)}", vectors, embedder, exact_up_to=0)


def part_growth(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """The index of vectors alone at several sizes, as its options have it."""
    collection, held = _collection(options, embedder), True
    for size in options.sizes:
        held &= _recalled(options, f"bare-{size}", lambda size=size: enlarged_vectors(collection, size), embedder)  # type: ignore[misc]
    return held


def part_gpu(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> bool:
    """The copy on a GPU against the index that it is a copy of; by hand, where FAISS finds a GPU."""
    import faiss

    from index.arrangement import nearest
    from index.faiss_file import cache_path, read
    from index.faiss_gpu import REST_SECONDS, GpuCopy

    if not hasattr(faiss, "StandardGpuResources") or not faiss.get_num_gpus():
        print("FAISS finds no GPU here; install faiss-gpu where there is one")
        return False
    index, copy = read(cache_path(_folder(options, options.passages)))[0], GpuCopy()
    asked = embedder.embed(questions(options.data, options.queries))
    time.sleep(REST_SECONDS)
    copy.nearest(index, asked[:1], CANDIDATES, Options())
    spent, share = [], []
    for query in asked:
        began = time.perf_counter()
        found = copy.nearest(index, query[None], NEIGHBOURS, Options())[1][0]
        spent.append((time.perf_counter() - began) * 1e3)
        share.append(
            len({*found.tolist()} & {*nearest(index, query[None], NEIGHBOURS, Options(), None)[1][0].tolist()})
        )
    print(f"on the GPU: {copy.used}, a search {median(spent):.2f} ms")
    return copy.used and verdict("neighbours that differ", 1 - float(np.mean(share)) / NEIGHBOURS, 0.01)


def _recalled(
    options: argparse.Namespace,
    name: str,
    vectors: Matrix | Callable[[], Matrix],
    embedder: SentenceTransformerEmbedder,
    exact_up_to: int = Options().exact_up_to,
) -> bool:
    folder = options.folder / name
    make_bare(folder, vectors, embedder)
    asked = embedder.embed(questions(options.data, options.queries))
    began, before = time.perf_counter(), memory_mb()
    with (
        closing(Store(folder)) as store,
        closing(FaissIndex(folder, PASSAGES, embedder.dimensions, Options(exact_up_to=exact_up_to))) as index,
    ):
        with store.reading() as connection:
            index.nearest(connection, asked[0], 1)
        opened = time.perf_counter() - began
        index.finish()
        arranged = time.perf_counter() - began
        with store.reading() as connection:
            spent, found = [], []
            for query in asked:
                spent.append(timed(lambda query=query: found.append(index.nearest(connection, query, CANDIDATES)[0])))  # type: ignore[misc]
        exact, size = _exact(folder, asked, embedder.dimensions)
        share = float(
            np.mean([len({*few[:NEIGHBOURS]} & {*every}) / NEIGHBOURS for few, every in zip(found, exact, strict=True)])
        )
        kind = "exact" if is_flat(index._index) else f"{index._index.nprobe} of {index._index.nlist} lists"
        print(
            f"{size:>9,} vectors: {kind}, a search {median(spent):.2f} ms, opened in {opened:.2f} s, arranged after "
            f"{arranged:.1f} s, {memory_mb() - before:.0f} MB more than before"
        )
    return verdict("recall@10 missed", 1 - share, 1 - LEAST_RECALL)


def _exact(folder: Path, asked: Matrix, dimensions: int) -> tuple[list[list[int]], int]:
    import faiss

    heap, size = faiss.ResultHeap(len(asked), NEIGHBOURS, keep_max=True), 0
    with closing(Store(folder)) as store, store.reading() as connection:
        for ids, vectors in added_after(connection, PASSAGES, 0, dimensions):
            cosines, places = faiss.knn(asked, vectors, min(NEIGHBOURS, len(ids)), metric=faiss.METRIC_INNER_PRODUCT)
            heap.add_result(cosines, ids[places])
            size += len(ids)
    heap.finalize()
    return heap.I.tolist(), size


def _vectors(folder: Path, dimensions: int) -> Matrix:
    with closing(Store(folder)) as store, store.reading() as connection:
        return np.concatenate([vectors for _, vectors in added_after(connection, PASSAGES, 0, dimensions)])


def _folder(options: argparse.Namespace, size: int) -> Path:
    return Path(options.folder) / str(size)


def _collection(options: argparse.Namespace, embedder: SentenceTransformerEmbedder) -> Collection:
    return collect(options.data, options.set, options.folder, embedder)


def _run(part: str, given: Sequence[str]) -> bool:
    print(f"\n{part}: {RUN[part].__doc__}", flush=True)
    return subprocess.run([sys.executable, "-m", "bench.scale", *given, "--part", part], check=False).returncode == 0


RUN = {"open": part_open, "cold": part_cold, "query": part_query, "recall": part_recall, "growth": part_growth}
BY_HAND = {"gpu": part_gpu}


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder that holds the sets")
    parser.add_argument("folder", type=Path, help="where the libraries are made and kept for the next run")
    parser.add_argument("--set", default="squad2+distractors", help="what is repeated")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--embedded", type=int, default=10_000, help="changed texts to really embed, some 50 a second")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--part", choices=(*PARTS, *BY_HAND), action="append", help="only this part; may be repeated")
    options = parser.parse_args()
    embedder = SentenceTransformerEmbedder()
    if options.part and len(options.part) == 1:
        return 0 if (RUN | BY_HAND)[options.part[0]](options, embedder) else 1
    print(describe("faiss-cpu", "openvino"))
    make(_folder(options, options.passages), _collection(options, embedder), options.passages, embedder)
    settle(_folder(options, options.passages), embedder)
    given = [argument for argument in sys.argv[1:] if argument != "--part" and argument not in PARTS]
    missed = [part for part in options.part or PARTS if not _run(part, given)]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
