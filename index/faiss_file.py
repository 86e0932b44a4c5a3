"""The file that an index of vectors starts from: what FAISS writes, and behind it what that stands for.

The file is a cache. It names the library and the state of the store that it stands for, and the checksum of all of it;
one that is missing, damaged, or of another library is left aside.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from index.vectors import PASSAGES, Mark, Source

_MAGIC = b"assistant-vectors-3\n"
_BLOCK = 1 << 20
_LONGEST_NOTE = 4096
# What reading a file that is not ours may raise.
DAMAGE = (ValueError, KeyError, TypeError, AttributeError, RuntimeError)


def cache_path(folder: Path, source: Source = PASSAGES) -> Path:
    """Returns where the file of an index lies."""
    return folder / f"{source.name}.faiss"


def write(path: Path, index: Any, state: Mark) -> None:
    """Writes an index that stands for a state, wholly or not at all, and sweeps up what killed writers left.

    Raises:
        OSError: It cannot be written.
    """
    import faiss

    _sweep(path)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with temporary.open("w+b") as file:
            try:
                faiss.write_index(index, faiss.PyCallbackIOWriter(file.write, _BLOCK))
            except RuntimeError as error:  # FAISS's own, for whatever the writing raised
                raise OSError(" ".join(str(error).split())[:200]) from error
            size = file.tell()
            note = json.dumps({**asdict(state), "size": size, "checksum": _checksum(file, size)}).encode()
            file.write(note + len(note).to_bytes(4, "little") + _MAGIC)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path) -> tuple[Any, Mark]:
    """Returns an index and the state that it stands for.

    Raises:
        FileNotFoundError: There is none.
        OSError: It cannot be read; or one of `DAMAGE`.
    """
    import faiss

    with path.open("rb") as file:
        fields = _verified(file)
        file.seek(0)
        return faiss.read_index(faiss.PyCallbackIOReader(file.read, _BLOCK)), Mark(**fields)


def problem(path: Path) -> str | None:
    """Says what is wrong with a file, if anything is."""
    try:
        with path.open("rb") as file:
            _verified(file)
    except FileNotFoundError:
        return None
    except (OSError, *DAMAGE) as error:
        return f"the cache {path} is not sound ({error}); delete it, it will be made anew"
    return None


def _verified(file: IO[bytes]) -> dict[str, Any]:
    """What the file says that it stands for; FAISS trusts what it reads, so it is only given what we wrote."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _LONGEST_NOTE))
    tail = file.read()
    if not tail.endswith(_MAGIC):
        raise ValueError("it is damaged or of another version")
    tail = tail[: -len(_MAGIC)]
    length = int.from_bytes(tail[-4:], "little")
    fields: dict[str, Any] = json.loads(tail[-4 - length : -4])
    if _checksum(file, fields.pop("size")) != fields.pop("checksum"):
        raise ValueError("it is damaged")
    return fields


def _checksum(file: IO[bytes], size: int) -> int:
    file.seek(0)
    found = 0
    while size > 0:
        block = file.read(min(size, _BLOCK))
        if not block:
            raise ValueError("it has been cut off")
        found, size = zlib.crc32(block, found), size - len(block)
    return found


def _sweep(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}.*"):
        writer = left.name.removeprefix(f"{path.name}.")
        if writer.isdigit() and not _runs(int(writer)):
            left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    import psutil  # type: ignore[import-untyped]

    return bool(psutil.pid_exists(process))
