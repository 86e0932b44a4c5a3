"""Files of the conversation go into the sandbox, files written there come out, as bytes over the kernel's connection.

No folder is shared, so there is no path, link or device that could lead one side to a file of the other.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from assistant.plugin import Context

from .kernel import FileProblem, Kernel
from .limits import MIB
from .transcript import Transcript

PIECE = 8 * MIB
LONGEST_NAME = 100
LINK = -1  # as in ``inside``, which runs on its own

Known = dict[str, tuple[int, int]]


async def bring_in(kernel: Kernel, folder: Path, known: Known) -> list[str]:
    """Gives the kernel the files of the conversation that it has not got.

    Args:
        kernel: Where they go, below ``/files``.
        folder: The conversation's.
        known: What it has got, with size and time of change; brought up to date.

    Returns:
        A line for each file that did not fit.

    Raises:
        KernelLost: The kernel ended.
    """
    notes = []
    for path in _new_files(folder, known):
        known[path.name] = _state(path)
        if path.stat().st_size > kernel.limits.file_bytes:
            notes.append(f"{path.name} is too large for the interpreter")
            continue
        try:
            await _put(kernel, path)
        except FileProblem as error:
            notes.append(f"{path.name} could not be brought into the interpreter: {error}")
    return notes


async def take_out(kernel: Kernel, context: Context, known: Known, transcript: Transcript) -> list[str]:
    """Saves displayed pictures and the files that the code has written.

    Returns:
        A line for each thing that was left out.

    Raises:
        KernelLost: The kernel ended, or gave no proper answer.
    """
    for picture in transcript.pictures:
        _save(context, known, picture.name, picture.data, picture.media_type)
    notes = [f"{transcript.left_out} displayed objects were left out"] if transcript.left_out else []
    left = kernel.limits.files - len(transcript.pictures)
    room = kernel.limits.returned_bytes - sum(len(picture.data) for picture in transcript.pictures)
    try:
        listed = _listing(await kernel.ask("changed()"))
    except FileProblem as error:
        return [*notes, f"the files could not be listed: {error}"]
    for name, size in listed:
        if size == LINK:
            notes.append(f"{name} is a link, which is not returned; write a file of that content instead")
            continue
        if left <= 0 or size > room:
            notes.append(f"{name} stays in the interpreter: too many or too large files for one call")
            continue
        try:
            data = await _get(kernel, name, size)
        except FileProblem as error:
            notes.append(f"{name} could not be read: {error}")
            continue
        left, room = left - 1, room - len(data)
        _save(context, known, _short(name), data, mimetypes.guess_type(name)[0] or "application/octet-stream")
    return notes[: kernel.limits.files]


def _new_files(folder: Path, known: Known) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and known.get(path.name) != _state(path):
            yield path


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


async def _put(kernel: Kernel, path: Path) -> None:
    with path.open("rb") as file:
        append = False
        while (piece := file.read(PIECE)) or not append:
            await kernel.ask(f"put({path.name!r}, {base64.b64encode(piece).decode()!r}, {append})")
            append = True


async def _get(kernel: Kernel, name: str, size: int) -> bytes:
    data = b""
    while len(data) < size:
        answer = await kernel.ask(f"get({name!r}, {len(data)}, {min(PIECE, size - len(data))})")
        try:
            piece = base64.b64decode(answer, validate=True)
        except (TypeError, ValueError):
            await kernel.lose("its files could no longer be read")
        if not piece:
            break
        data += piece
    return data[:size]


def _listing(answer: Any) -> list[tuple[str, int]]:
    """Returns the entries of a list of files that are what they should be."""
    found = []
    for entry in answer if isinstance(answer, list) else []:
        match entry:
            case [str(name), int(size)] if name.isprintable() and size >= LINK:
                found.append((name, size))
    return found


def _short(name: str) -> str:
    path = PurePosixPath(name)
    suffix = path.suffix[-20:]
    flat = "_".join(part for part in path.with_suffix("").parts if part not in ("/", "..", "."))
    return flat[: LONGEST_NAME - len(suffix)] + suffix


def _save(context: Context, known: Known, name: str, data: bytes, media_type: str) -> None:
    path = Path(context.save(name, data, media_type).path)
    known[path.name] = _state(path)
