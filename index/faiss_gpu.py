"""A copy of an index on the GPU, for searches without a filter.

The index in main memory stays the one that is changed, filtered and saved: FAISS can take nothing out of one on a GPU.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from index import arrangement
from index.arrangement import Options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A copy is not worth its time while documents are being added.
REST_SECONDS = 5.0
# Fewer are found on the processor before a GPU has been asked.
WORTH_A_COPY = 20_000
_log = logging.getLogger(__name__)


class GpuCopy:
    """Searches on the first GPU where FAISS was built for it and finds one, else where the index is."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._resources: Any = None
        self._copy: Any = None
        self._since = time.monotonic()
        self._unusable = False

    @property
    def used(self) -> bool:
        """Whether there is a copy on a GPU."""
        return self._copy is not None

    def outdated(self) -> None:
        """Says that the index has changed."""
        self._copy, self._since = None, time.monotonic()

    def nearest(
        self,
        index: Any,
        queries: NDArray[np.float32],
        count: int,
        options: Options,
        among: Sequence[int] | None = None,
    ) -> Any:
        """Searches as `arrangement.nearest` does; the index does not change meanwhile."""
        with self._lock:
            copy = self._copied(index)
            if copy is not None:
                return copy.search(queries, count)
        return arrangement.nearest(index, queries, count, options, among)

    def _copied(self, index: Any) -> Any:
        if self._unusable or index.ntotal < WORTH_A_COPY:
            return None
        if self._copy is None and time.monotonic() - self._since >= REST_SECONDS:
            self._copy = self._made(index)
        return self._copy

    def _made(self, index: Any) -> Any:
        import faiss

        if not hasattr(faiss, "StandardGpuResources") or not faiss.get_num_gpus():
            self._unusable = True
            return None
        try:
            self._resources = self._resources or faiss.StandardGpuResources()
            return faiss.index_cpu_to_gpu(self._resources, 0, index)
        except RuntimeError as error:  # its memory may be taken by the model server
            self._unusable = True
            _log.warning("The vectors stay on the processor: %s", " ".join(str(error).split())[:300])
            return None
