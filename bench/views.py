"""How long the page's views of a large library take: the list, the filters, the data sheet, the map.

The library is made once in FOLDER from the texts of a set of `bench.retrieval`, as in `bench.scale`. Each view is read
as often as asked; its fastest time counts, since whatever else the machine does can only slow it down, and the time of
one processor beside it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bench.enlarge import collect, make
from bench.report import describe, verdict
from index.embed import SentenceTransformerEmbedder
from index.filter import Filter
from index.library import Library
from index.listing import Wanted
from index.map import FILE

LIST_S, SHEET_S, MAP_S, KEPT_S = 0.5, 3.0, 15.0, 1.0


def fastest(action: Callable[[], object], times: int) -> tuple[float, float]:
    """Returns seconds by the clock and of CPU time of the fastest of some runs."""
    runs = []
    for _ in range(times):
        began, cpu = time.perf_counter(), time.process_time()
        action()
        runs.append((time.perf_counter() - began, time.process_time() - cpu))
    return min(run[0] for run in runs), min(run[1] for run in runs)


def told(what: str, spent: tuple[float, float], limit: float) -> bool:
    """Prints a figure of CPU time beside its limit, with the clock's."""
    return verdict(f"{what} ({spent[0]:.2f} s by the clock), CPU time", spent[1], limit, "s")


def measure(library: Library, times: int) -> bool:
    """Measures every view; returns whether all limits held."""
    kept = Path(library.status().folder) / FILE
    wanted = {
        "the list": Wanted(),
        "its last page, most pages first": Wanted(
            sort="pages", descending=True, start=library.listing(Wanted()).total - 50
        ),
        "words in the list": Wanted(text="the of"),
        "a filter that fits nothing": Wanted(only=Filter(kinds=["pdf"], tags=["none"])),
    }
    views: dict[str, tuple[Callable[[], object], float]] = {
        name: (lambda one=one: library.listing(one), LIST_S)  # type: ignore[misc]
        for name, one in wanted.items()
    }
    views["what there is to filter by"] = library.facets, LIST_S
    views["the data sheet"] = library.inventory, SHEET_S
    views["the map, drawn"] = lambda: (kept.unlink(missing_ok=True), library.map()), MAP_S
    views["the map, kept"] = library.map, KEPT_S
    held = [told(name, fastest(view, times), limit) for name, (view, limit) in views.items()]
    return all(held)


def main() -> int:
    """Returns 1 where a limit was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of the sets, as for bench.retrieval")
    parser.add_argument("folder", type=Path, help="where the library is made, and kept for the next time")
    parser.add_argument("--set", default="squad2")
    parser.add_argument("--passages", type=int, default=100_000, help="ten of them make a document")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    embedder = SentenceTransformerEmbedder()
    folder = options.folder / f"views-{options.passages}"
    make(folder, collect(options.data, options.set, options.folder, embedder), options.passages, embedder)
    print(describe("scikit-learn", "numpy"))
    with closing(Library.open(folder, embedder)) as library:
        status = library.status()
        print(f"{status.documents:,} documents, {status.passages:,} passages")
        return 0 if measure(library, options.times) else 1


if __name__ == "__main__":
    sys.exit(main())
