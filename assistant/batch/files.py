"""The files that tools made for a batch, in the bucket of the settings, for the machine that goes on with it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from assistant.files import Bucket


class BatchFiles:
    """The files of one batch; keeps nothing where there is no bucket.

    Args:
        bucket: Where they are kept for the others.
        batch: What the batch is called.
        folder: Where they lie on this machine, beside the output.
    """

    def __init__(self, bucket: Bucket | None, batch: str, folder: Path) -> None:
        self._bucket, self._folder = bucket, folder
        self._key = f"batches/{hashlib.sha256(batch.encode()).hexdigest()[:32]}"

    def keep(self, results: Sequence[Mapping[str, Any]]) -> None:
        """Puts the files of results into the bucket.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        names = [name for result in results for name in _names(result) if (self._folder / name).is_file()]
        if self._bucket is not None and names:
            _waited(self._put(self._bucket, names))

    def brought(self, result: dict[str, Any]) -> dict[str, Any]:
        """Brings the files of another machine's result, and returns it with their places here.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        names = list(_names(result))
        if self._bucket is not None and names:
            _waited(self._get(self._bucket, names))
        made = [
            {**each, "path": PurePosixPath(self._folder.name, *parts).as_posix()} if (parts := _below(each)) else each
            for each in result.get("artifacts") or ()
        ]
        return {**result, "artifacts": made} if made else result

    def forget(self) -> None:
        """Deletes what the bucket has of the batch.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        if self._bucket is not None:
            _waited(self._bucket.delete(self._key))

    async def _put(self, bucket: Bucket, names: Sequence[str]) -> None:
        for name in names:
            await bucket.put(self._key, name, self._folder / name)

    async def _get(self, bucket: Bucket, names: Sequence[str]) -> None:
        there = await bucket.listed(self._key)
        for name in names:
            path = self._folder / name
            if name in there and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_name(f".{path.name}.part")
                try:
                    await bucket.get(self._key, name, part)
                    part.replace(path)
                finally:
                    part.unlink(missing_ok=True)


def _names(result: Mapping[str, Any]) -> Iterator[str]:
    """Yields the paths of a result's files below the folder of the batch."""
    for each in result.get("artifacts") or ():
        if (parts := _below(each)) and ".." not in parts:
            yield PurePosixPath(*parts).as_posix()


def _below(artifact: Mapping[str, Any]) -> tuple[str, ...]:
    """The parts of its path without the folder, which is called by the output; none for a file elsewhere."""
    path = PurePosixPath(artifact["path"])
    return () if path.is_absolute() else path.parts[1:]


def _waited(action: Coroutine[Any, Any, None]) -> None:
    """Does something asynchronous from anywhere, also from a thread in which a loop runs that waits meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, action).result()
