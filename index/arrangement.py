"""How FAISS holds vectors: all in a row while there are few, in lists around centroids when there are many.

Inverted lists rather than HNSW, because vectors can be taken out of them again and because they take no memory beside
the vectors. The centroids are trained on vectors of the store itself, and as many lists are searched as it takes to
find what an exact search finds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Numbers = NDArray[np.int64]

POINTS_PER_LIST = 40
PROBES = 256
NEIGHBOURS = 10
_ITERATIONS = 10
_SEED = 1
# Texts that repeat each other are found in one list, until others come between them.
_LEAST_SHARE = 1 / 32
# Lists that have grown to this many times the length they were trained for are cut anew.
_GROWN = 2
_BITMAP_PER_ID = 64


@dataclass(frozen=True, slots=True)
class Options:
    """When a search is exact, and how good it is otherwise.

    Attributes:
        exact_up_to: Up to so many vectors every search compares all of them.
        recall: Beyond, the least share of the ten nearest vectors that is found, measured when the index is trained.
        gpu: Whether a GPU is used where FAISS finds one.
    """

    exact_up_to: int = 50_000
    recall: float = 0.97
    gpu: bool = True


def flat(dimensions: int) -> Any:
    """Returns an empty exact index."""
    import faiss

    return faiss.IndexIDMap(faiss.IndexFlatIP(dimensions))


def lists_for(count: int) -> int:
    """How many lists so many vectors are best held in."""
    return max(1, round(2 * math.sqrt(count)))


def trained(sample: Matrix, lists: int) -> Any:
    """Returns an empty index of inverted lists, trained on some vectors.

    Args:
        sample: Shape (n, dimensions); as many as ``POINTS_PER_LIST`` for each list are looked at.
        lists: How many.
    """
    import faiss

    dimensions = sample.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimensions), dimensions, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter, index.cp.seed, index.cp.spherical = _ITERATIONS, _SEED, True
    index.cp.min_points_per_centroid, index.cp.max_points_per_centroid = 1, POINTS_PER_LIST
    index.train(sample)
    return index


def is_flat(index: Any) -> bool:
    """Whether an index compares all vectors."""
    import faiss

    return isinstance(index, faiss.IndexIDMap)


def wants_training(index: Any, options: Options) -> bool:
    """Whether there are too many or too few vectors for the way in which they are held."""
    if is_flat(index):
        return bool(index.ntotal > options.exact_up_to)
    # Half as many: a library around the limit is not rearranged at each change.
    few = 2 * index.ntotal < options.exact_up_to
    return bool(few or lists_for(index.ntotal) ** 2 > _GROWN * index.nlist**2)


def parts(index: Any) -> Iterable[tuple[Numbers, Matrix]]:
    """Yields the ids and the vectors of each list, or of all vectors; valid until the index changes."""
    import faiss
    import numpy as np

    if is_flat(index):
        inner = faiss.downcast_index(index.index)
        if index.ntotal:
            vectors = faiss.rev_swig_ptr(inner.get_xb(), index.ntotal * index.d).reshape(-1, index.d)
            yield faiss.vector_to_array(index.id_map), vectors
        return
    held = index.invlists
    for number in range(index.nlist):
        if size := held.list_size(number):
            codes = faiss.rev_swig_ptr(held.get_codes(number), size * held.code_size)
            yield faiss.rev_swig_ptr(held.get_ids(number), size), codes.view(np.float32).reshape(size, index.d)


def nearest(index: Any, queries: Matrix, count: int, options: Options, among: Sequence[int] | None) -> Any:
    """Searches an index that is not empty.

    Args:
        index: Of either kind.
        queries: Shape (n, dimensions).
        count: How many at most for each.
        options: When a search is exact.
        among: The ids to search; None searches all.

    Returns:
        Cosines and ids, each of shape (n, count), nearest first; the id is -1 where there are fewer.
    """
    import faiss

    selector = None if among is None else _selector(among)
    if is_flat(index):
        chosen = faiss.SearchParameters(sel=selector) if selector else None
        return index.search(queries, count, params=chosen)
    probes = _probes(index, options, among)
    found = index.search(queries, count, params=faiss.SearchParametersIVF(sel=selector, nprobe=probes))
    if probes < index.nlist and (found[1] < 0).any():  # what is left to search lies far from the query
        found = index.search(queries, count, params=faiss.SearchParametersIVF(sel=selector, nprobe=index.nlist))
    return found


def _probes(index: Any, options: Options, among: Sequence[int] | None) -> int:
    """As many lists as leave as much to compare as without a filter; all where an exact search is fast enough."""
    if among is None:
        return int(index.nprobe)
    if len(among) <= options.exact_up_to:
        return int(index.nlist)
    return int(min(index.nlist, math.ceil(index.nprobe * index.ntotal / len(among))))


def _selector(among: Sequence[int]) -> Any:
    import faiss
    import numpy as np

    ids = np.asarray(among, np.int64)
    last = int(ids.max(initial=0))
    if last > _BITMAP_PER_ID * (len(ids) + _BITMAP_PER_ID):
        return faiss.IDSelectorBatch(ids)
    mask = np.zeros(last + 1, bool)
    mask[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))


class Calibration:
    """Finds how many lists a search has to look at, by comparing it with an exact one over the same vectors.

    The queries are made to be harder than passages are: each stands between two of them, as a question stands further
    from the passage that answers it than another passage of the same book does.

    Args:
        sample: Vectors of the store, shape (n, dimensions).
    """

    def __init__(self, sample: Matrix) -> None:
        import faiss
        import numpy as np

        some = sample[np.random.default_rng(_SEED).integers(len(sample), size=(2, PROBES))]
        self._queries = some[0] + some[1] / 2
        self._queries /= np.maximum(np.linalg.norm(self._queries, axis=1, keepdims=True), 1e-9)
        self._exact = faiss.ResultHeap(PROBES, NEIGHBOURS, keep_max=True)

    def add(self, ids: Numbers, vectors: Matrix) -> None:
        """Compares the queries with some of the vectors."""
        import faiss

        cosines, places = faiss.knn(
            self._queries, vectors, min(NEIGHBOURS, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT
        )
        self._exact.add_result(cosines, ids[places])

    def settle(self, index: Any, recall: float) -> None:
        """Sets how many lists of an index are searched, once all vectors have been added to both."""
        import faiss

        self._exact.finalize()
        probes = max(1, math.ceil(_LEAST_SHARE * index.nlist))
        while probes < index.nlist:
            parameters = faiss.SearchParametersIVF(nprobe=probes)
            found = index.search(self._queries, NEIGHBOURS, params=parameters)[1]
            if self._recall(found) >= recall:
                break
            probes = math.ceil(1.25 * probes)
        index.nprobe = min(probes, index.nlist)

    def _recall(self, found: Numbers) -> float:
        import numpy as np

        exact = self._exact.I
        both = [len(np.intersect1d(one[one >= 0], other)) for one, other in zip(exact, found, strict=True)]
        return float(sum(both) / max(1, (exact >= 0).sum()))
