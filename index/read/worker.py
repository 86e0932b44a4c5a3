"""The process that reads: what a hostile file does to a parser, it does here.

It takes requests from its standard input and gives replies to its standard output, until the input ends. It never
writes a file, opens a connection or starts a program; who asks it watches its time and its memory.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from index.errors import UnreadableFile
from index.read import wire
from index.read.budget import PATIENCE, new_budget
from index.read.dispatch import read_within
from index.read.draw import draw
from index.reasons import Reason

# Above the limit of whoever watches; only an orphan lives long enough to meet it.
_GRACE_SECONDS = 5
_FORBIDDEN = frozenset((
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
    "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "subprocess.Popen",
    "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "shutil.rmtree", "shutil.move",
))  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Serves until the standard input ends; its arguments are the limits in seconds and megabytes."""
    seconds, megabytes = float(sys.argv[1]), int(sys.argv[2])
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is not a reply
    faulthandler.enable()
    logging.disable()
    _confine(megabytes)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _send(replies, wire.READY, b"")
    for line in requests:
        signal.setitimer(signal.ITIMER_REAL, PATIENCE * seconds + _GRACE_SECONDS)
        kind, payload, sound = _answer(json.loads(line), seconds)
        _send(replies, kind, payload)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if not sound:
            return
        gc.collect()


def _answer(request: dict[str, Any], seconds: float) -> tuple[bytes, bytes, bool]:
    """The reply, and whether this process is fit for another file."""
    kind = wire.PICTURE if "page" in request else wire.DOCUMENT
    try:
        payload = _done(request, seconds)
    except UnreadableFile as error:
        return wire.REFUSED, _told(_one_line(error.reason).to_json(), error.__cause__), True
    except MemoryError:
        return wire.EXHAUSTED, b"", False
    except Exception as error:  # the edge: whatever a file does to a parser is that file's reply
        return wire.FAILED, _told(type(error).__name__, error), True
    if len(payload) > wire.MOST_BYTES:
        return wire.REFUSED, _told(wire.too_much(len(payload)).to_json(), None), True
    return kind, payload, True


def _done(request: dict[str, Any], seconds: float) -> bytes:
    path = Path(request["path"])
    if "page" in request:
        return draw(path, request["page"], request["longest"])
    with new_budget(seconds) as spent:
        return wire.encode(read_within(path, spent))


def _one_line(told: Reason) -> Reason:
    return Reason(" ".join(told.split()), told.code, told.values)


def _told(reason: str, cause: BaseException | None) -> bytes:
    """One line for the person, then the whole story for the log."""
    story = "".join(traceback.format_exception(cause)) if cause else ""
    return f"{' '.join(reason.split())}\n{story[-20_000:]}".encode("utf-8", "replace")


def _send(replies: BinaryIO, kind: bytes, payload: bytes) -> None:
    replies.write(wire.LENGTH.pack(kind, len(payload)))
    replies.write(payload)
    replies.flush()


def _confine(megabytes: int) -> None:
    """Keeps the process to reading, with as much memory as it may have."""
    sys.dont_write_bytecode = True
    sys.addaudithook(_refuse_harm)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with suppress(ImportError, OSError, ValueError):  # a system without these has the watcher alone
        import resource

        # Twice as much, since libraries reserve more than they use; what is used is what the watcher counts. This
        # stops a single request for more than the machine has.
        for limit, most in (
            (resource.RLIMIT_DATA, 2 * megabytes * 1_000_000),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CORE, 0),
        ):
            resource.setrlimit(limit, (most, most))


def _refuse_harm(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if event in _FORBIDDEN or (writes and arguments[0] != os.devnull):
        raise PermissionError(f"reading a file must not do this: {event} {arguments[:1]}")


def _end_with(parent: int) -> None:
    """Ends this process when the one that started it is gone, even in the middle of a file."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


if __name__ == "__main__":
    main()
