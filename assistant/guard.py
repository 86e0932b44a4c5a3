"""Keeps a tool to what it declares to touch.

Python tells of every connection, written file and started program through its audit events; while a tool's call runs,
what it did not declare is refused. This finds mistakes and forgotten declarations. It is no wall against a plugin that
means harm: that one runs in this process, and only a sandbox such as the code interpreter's holds it.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

from assistant.context import LibraryView
from assistant.plugin import Touch
from index.filter import Filter
from index.types import Document, DocumentHit, Hit, Passage, Picture

# Events of the network, each with the position of the address among its arguments.
NETWORK = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
# What concerns the whole program, and with it every other tool and user; signal 0 only asks whether a process is there.
PROCESS = {
    "os.chdir": "change the folder of the whole program",
    "os.kill": "send a signal",
    "os.killpg": "send a signal",
}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn"}
# Events of files, each with the positions of its paths and of the open folders that those are relative to.
FILES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "open": ((0, None),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.rmdir": ((0, 1),),
    "os.mkdir": ((0, 2),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "sqlite3.connect": ((0, None),),  # SQLite opens its files where Python cannot see it
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class NotDeclared(PermissionError):
    """A tool reached for something that it does not declare."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a running call may touch.

    Attributes:
        tool: The tool's name.
        touches: What it declares.
        folder: Where it may write in any case.
        sandboxed: Whether the programs that it starts are locked in.
        refused: Receives one line for each thing that was refused.
    """

    tool: str
    touches: Sequence[Touch]
    folder: Path
    sandboxed: bool = False
    refused: list[str] = field(default_factory=list)

    def refuse(self, what: str, touch: Touch) -> None:
        """Stops the call.

        Raises:
            NotDeclared: Always.
        """
        line = f'{self.tool} {what}, which it does not declare with touches=["{touch}"]; it was stopped'
        self.refused.append(line)
        raise NotDeclared(line)


_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextmanager
def guarded(guard: Guard | None) -> Iterator[None]:
    """Holds whatever runs inside, threads with a copied context included, to a guard; None lifts the one there is."""
    _listen()
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


class Unguarded:
    """The library in a tool's hands: what it does for itself, such as renewing its cache, is not the tool's doing.

    Args:
        library: The library.
    """

    def __init__(self, library: LibraryView) -> None:
        self._library = library

    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Returns at most ``k`` passages of the documents that the filter lets through, best first."""
        with guarded(None):
            return self._library.search(query, k, only)

    def search_pictures(
        self, query: str = "", k: int = 6, only: Filter | None = None, like: Path | None = None
    ) -> list[Hit]:
        """Returns at most ``k`` passages with pictures that fit words, the picture in a file, or both, best first."""
        with guarded(None):
            return self._library.search_pictures(query, k, only, like)

    def picture_note(self) -> str:
        """Returns what a person has to know about searches for pictures."""
        with guarded(None):
            return self._library.picture_note()

    def loaded_picture(self, id: int) -> tuple[Picture, bytes]:
        """Returns a picture with its bytes.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with guarded(None):
            return self._library.loaded_picture(id)

    def documents(self) -> list[Document]:
        """Returns every document in the library."""
        with guarded(None):
            return self._library.documents()

    def documents_about(self, query: str, only: Filter | None = None) -> list[DocumentHit]:
        """Returns the documents that are about something, best first."""
        with guarded(None):
            return self._library.documents_about(query, only)

    def search_each(
        self, things: Sequence[str], query: str = "", k: int = 3, only: Filter | None = None
    ) -> list[list[Hit]]:
        """Returns at most ``k`` passages on each of some things."""
        with guarded(None):
            return self._library.search_each(things, query, k, only)

    def neighbours(self, passage: int, before: int = 1, after: int = 1) -> list[Passage]:
        """Returns a passage with those around it in its document."""
        with guarded(None):
            return self._library.neighbours(passage, before, after)


@cache
def _listen() -> None:
    _free()  # to look for the temporary folder is to write into it: the hook itself must not be the first to do so
    sys.addaudithook(_hook)  # which can never be taken away again


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if (guard := _guard.get()) is None:
        return
    if event in NETWORK:
        _network(guard, event, args)
    elif event in FILES:
        _files(guard, event, args)
    elif event in PROGRAMS and not (guard.sandboxed or "world" in guard.touches):
        guard.refuse(f"wanted to start the program {_program(args)}", "world")
    elif event in PROCESS and args[1:] != (0,) and not (guard.sandboxed or "world" in guard.touches):
        guard.refuse(f"wanted to {PROCESS[event]}", "world")


def _network(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    if "network" in guard.touches:
        return
    local = isinstance(args[0], socket.socket) and args[0].family == getattr(socket, "AF_UNIX", None)
    if not local:
        guard.refuse(f"wanted to reach the network ({args[NETWORK[event]]!r})", "network")


def _files(guard: Guard, event: str, args: tuple[Any, ...]) -> None:
    if "files" in guard.touches or not _writes(event, args):
        return
    for position, folder in FILES[event]:
        path = args[position]
        if isinstance(path, str | bytes | os.PathLike):
            whole = _in_folder(os.fsdecode(path), args[folder] if folder else None)
            if not _is_free(guard, whole):
                guard.refuse(f"wanted to write {whole}", "files")


def _writes(event: str, args: tuple[Any, ...]) -> bool:
    if event == "sqlite3.connect":
        name = os.fsdecode(args[0])
        reads = name.startswith("file:") and ("mode=ro" in name or "mode=memory" in name)
        return not reads and name not in ("", ":memory:")
    if event != "open":
        return True
    _, mode, flags = args
    return bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & WRITING)


def _in_folder(path: str, folder: int | None) -> str:
    """Completes a path that is relative to an open folder, as ``shutil.rmtree`` gives them; -1 means there is none."""
    path = path.removeprefix("file:").partition("?")[0] if path.startswith("file:") else path  # as SQLite takes it
    return path if folder is None or folder < 0 else str(Path(f"/proc/self/fd/{folder}").resolve() / path)


def _is_free(guard: Guard, path: str) -> bool:
    real = os.path.realpath(path)
    return "__pycache__" in real or any(Path(real).is_relative_to(root) for root in (*_free(), guard.folder.resolve()))


@cache
def _free() -> tuple[Path, ...]:
    """Where any tool may write: libraries keep their caches there."""
    return Path(tempfile.gettempdir()).resolve(), Path("/dev"), platformdirs.user_cache_path().resolve()


def _program(args: tuple[Any, ...]) -> str:
    return os.fsdecode(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else str(args[0])
