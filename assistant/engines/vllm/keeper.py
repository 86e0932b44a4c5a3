"""Runs a server for as long as the assistant lives, and no longer.

``python keeper.py COMMAND …`` starts the command and ends when it does. When standard input closes, which the system
does even for an assistant that is killed, or when it gets SIGTERM, it stops the command with everything that the
command has started. It stands alone, so that it is ready at once and can be run by path.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

SECONDS_TO_END = 10.0
SECONDS_BETWEEN = 0.5
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main(command: list[str]) -> int:
    """Runs the command; returns its exit code, negative for a signal."""
    parent = os.getppid()
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: told.append(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What the command leaves behind when it is killed comes to us and not to the first process of the system.
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    # Should we be killed ourselves, it is told to end. A group of its own tells it from us.
    child = subprocess.Popen(  # noqa: S603 — the assistant's own command
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: _prctl(PR_SET_PDEATHSIG, signal.SIGTERM),  # noqa: PLW1509 — this process has one thread
    )
    while child.poll() is None:
        if told or _closed() or os.getppid() != parent:
            child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(SECONDS_TO_END)
            break
    _sweep(child.pid)
    return child.wait()


def _closed() -> bool:
    """Waits a moment; whether standard input has been closed meanwhile."""
    try:
        readable, _, _ = select.select([0], [], [], SECONDS_BETWEEN)
        return bool(readable) and not os.read(0, 1024)
    except OSError:
        return True


def _sweep(group: int) -> None:
    """Kills what is left of the command's group, and whatever else has come to be our child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(10):
        children = _children()
        if not children:
            return
        for child in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.05)
        for child in children:
            if child != group:  # that one is waited for where its exit code is wanted
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, os.WNOHANG)


def _children() -> list[int]:
    """The processes that are our children now and still run."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123 — pathlib is slow to load
            return [int(each) for each in file.read().split() if _runs(int(each))]
    except OSError:
        return []


def _runs(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _prctl(option: int, value: int) -> None:
    """Asks the system for something about this process, where it is Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.exit(code if code >= 0 else 128 - code)
