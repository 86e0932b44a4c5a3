"""One sandbox with a kernel in it, whatever it is made with: what ``kernel`` needs of it, and the one of bubblewrap."""

from __future__ import annotations

import array
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import psutil

from .connection import NUMBERED, readable
from .limits import Limits
from .sandbox import KERNEL, Walls

# Of processor time, as a busy machine makes nothing larger: so long shared memory is told apart. What is left then
# counts whole, since other kernels wait.
COUNT_SECONDS = 0.2
ALMOST = 0.9  # of the processes that a fork bomb may have, some end while they are counted
FIRST = 1  # the first process inside, by its number there

# Calls a function of ``inside`` in the kernel.
Ask = Callable[[str], Awaitable[Any]]


class KernelLost(Exception):
    """The kernel ended or can no longer be used; the text says why."""


class Cell(Protocol):
    """One running sandbox. It has ended when its process has.

    Attributes:
        process: What the sandbox lives and ends with.
        pid: The kernel's process as it is seen here, or the nearest one to it.
        sockets: Open folder of the kernel's sockets.
    """

    process: subprocess.Popen[bytes]
    pid: int
    sockets: int

    def kill(self) -> None:
        """Ends the sandbox and everything in it at once."""
        ...

    def excess(self) -> str:
        """Returns what it uses too much of; empty where nothing, or where the system itself sees to it."""
        ...

    async def sweep(self, ask: Ask) -> bool:
        """Ends the processes that code has left running; returns whether none is left."""
        ...

    def exit_reason(self, status: int) -> str:
        """Returns what the exit status of its process tells."""
        ...

    def close(self) -> None:
        """Gives back what is held on this side; called once, when the process has ended."""
        ...


class Runner(Protocol):
    """Makes sandboxes of one sort."""

    async def start(self, limits: Limits, key: str) -> Cell:
        """Starts a sandbox and the kernel in it.

        Args:
            limits: What it may use.
            key: With which both sides sign their messages.

        Raises:
            KernelLost: It did not start.
        """
        ...

    async def ready(self) -> None:
        """Does beforehand what would make later starts slower."""
        ...

    def close(self) -> None:
        """Removes what is left on this side."""
        ...


def order(limits: Limits, key: str, *, others: tuple[int, ...] = (), left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Returns what ``inside.main`` is told.

    Args:
        limits: As for ``Runner.start``.
        key: As for ``Runner.start``.
        others: Processes beside the kernel's that it is to limit.
        left_out: Limits of a process that something else keeps.
    """
    kept = {name: values for name, values in limits.of_process().items() if name not in left_out}
    return {
        "key": key, "channels": NUMBERED, "of_process": kept, "limited": others,
        "output_characters": limits.output_characters,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ready:
    """What a kernel sent when it was ready.

    Attributes:
        pid: Its process, as this side sees it.
        sockets: Open folder of its sockets.
        files: Open folder of its files.
    """

    pid: int
    sockets: int
    files: int


class Walled:
    """A sandbox of bubblewrap, whose processes are this one's children."""

    def __init__(self, process: subprocess.Popen[bytes], ready: Ready, limits: Limits) -> None:
        self.process = process
        self.pid = ready.pid
        self.sockets = ready.sockets
        self._files = ready.files
        self._limits = limits
        self._ours = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}

    def kill(self) -> None:
        """Ends everything in it."""
        _kill(self.process)

    def excess(self) -> str:
        """Looks at memory and files, of which Linux limits only what each process has."""
        disk = os.statvfs(f"/proc/self/fd/{self._files}")
        if (disk.f_files - disk.f_ffree) > self._limits.inodes:
            return f"it made more than {self._limits.inodes:,} files"
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        processes: list[psutil.Process] = []
        with contextlib.suppress(psutil.Error):
            processes = psutil.Process(self.process.pid).children(recursive=True)
        if used + sum(map(_resident, processes)) <= self._limits.memory:
            return ""
        # Asked first, since it is what went wrong even where so many have filled the memory too.
        if sum(map(_threads, processes)) >= ALMOST * self._limits.processes:
            return f"it started too many processes, of which it may have {self._limits.processes} with their threads"
        # What forked processes share was counted once for each; to count it right takes longer.
        if self._is_over(used, processes):
            return f"it used more than {self._limits.memory >> 20} MiB of memory"
        return ""

    def _is_over(self, used: int, processes: list[psutil.Process]) -> bool:
        end = time.thread_time() + COUNT_SECONDS
        for process in processes:
            used += _proportional(process) if time.thread_time() < end else _resident(process)
            if used > self._limits.memory:
                return True
        return False

    async def sweep(self, ask: Ask) -> bool:
        """Ends them from outside, where they cannot hide; gives up where they multiply faster."""
        for _ in range(20):
            if not (left := self._leftovers()):
                return True
            for process in left:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            await asyncio.sleep(0.01)
        return False

    def _leftovers(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            children = psutil.Process(self.process.pid).children(recursive=True)
            new = (child for child in children if child.pid not in self._ours)
            return [child for child in new if child.status() != psutil.STATUS_ZOMBIE]
        return []

    def exit_reason(self, status: int) -> str:
        """Names the signal or the status."""
        return exit_reason(status, self._limits)

    def close(self) -> None:
        """Closes the open folder of the files; the one of the sockets belongs to the connection."""
        if self.process.stderr:
            self.process.stderr.close()
        os.close(self._files)


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """Makes sandboxes with bubblewrap.

    Attributes:
        walls: What they share.
    """

    walls: Walls

    async def start(self, limits: Limits, key: str) -> Walled:
        """Starts a sandbox and the kernel in it; see ``Runner``."""
        return await _start_walled(self.walls, limits, key)

    async def ready(self) -> None:
        """Lets matplotlib list the fonts once, here, instead of a second long in each kernel."""
        if self.walls.has_font_list():
            return
        folder = str(self.walls.font_folder)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", "import matplotlib.font_manager",
            env={"MPLCONFIGDIR": folder, "PATH": os.defpath, "HOME": folder}, cwd="/",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await process.wait()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise

    def close(self) -> None:
        """Removes the folder that they share."""
        shutil.rmtree(self.walls.folder, ignore_errors=True)


async def _start_walled(walls: Walls, limits: Limits, key: str) -> Walled:
    """Starts a kernel behind bubblewrap's walls.

    Raises:
        KernelLost: It did not start.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # The kernel of the system then says which process sent a message.
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with ours:
        with theirs:
            number = theirs.fileno()
            program = f"import sys; sys.path.append({KERNEL!r}); import inside; inside.main({number})"
            process = walls.spawn([sys.executable, "-I", "-B", "-c", program], limits, (number,))
        try:
            ours.send(json.dumps(order(limits, key, others=(FIRST,))).encode())
            async with asyncio.timeout(limits.start_seconds):
                ready = await _receive(ours)
        except BaseException as error:
            said = _end(process).splitlines() or str(error).splitlines() or ["it took too long"]
            if isinstance(error, OSError | TimeoutError | KernelLost):
                raise KernelLost(f"it did not start: {said[-1]}") from error
            raise
    return Walled(process, ready, limits)


async def _receive(ours: socket.socket) -> Ready:
    """Waits for the kernel's word that it is ready, with the folders that come with it."""
    ours.setblocking(False)
    await readable(ours.fileno())
    room = socket.CMSG_SPACE(struct.calcsize("3i")) + socket.CMSG_SPACE(struct.calcsize("2i"))
    data, ancillary, *_ = ours.recvmsg(4096, room)
    numbers, pid = array.array("i"), 0
    for _, kind, body in ancillary:
        if kind == socket.SCM_RIGHTS:
            numbers.frombytes(body[: len(body) - len(body) % numbers.itemsize])
        elif kind == socket.SCM_CREDENTIALS:
            pid = struct.unpack("3i", body)[0]
    match data, list(numbers):
        case b"ready", [sockets, files] if pid:
            return Ready(pid, sockets, files)
    for number in numbers:
        os.close(number)
    raise KernelLost(data.decode(errors="replace").strip() or "it ended at once")


def _end(process: subprocess.Popen[bytes]) -> str:
    """Ends a sandbox whose kernel did not come up; returns what it complained of."""
    _kill(process)
    process.wait()
    assert process.stderr is not None
    with process.stderr:
        return process.stderr.read(4000).decode(errors="replace").strip()


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is not None:
        return
    children: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(process.pid).children()
    # The first process of the sandbox: with it Linux kills all others there, and only then bwrap ends.
    for child in children:
        with contextlib.suppress(psutil.Error):
            child.kill()
    if not children:
        process.kill()


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _proportional(process: psutil.Process) -> int:
    """Returns the bytes of a process, its part only of those that it shares."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:  # it has made itself unreadable, and must not gain by that
        return _resident(process)
    except psutil.Error:
        return 0


def _threads(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.num_threads())
    return 0


def exit_reason(status: int, limits: Limits) -> str:
    """Returns what the exit status of a kernel tells."""
    number = -status if status < 0 else status - 128
    if number == signal.SIGXCPU:
        return f"it used more than {limits.cpu_seconds} s of processor time"
    if number in (signal.SIGSEGV, signal.SIGABRT):
        # Compiled libraries seldom look whether they were given memory; Python itself raises MemoryError.
        name, most = signal.Signals(number).name, limits.memory >> 20
        return f"its process crashed with {name}, as compiled code does that gets no more of the {most} MiB of memory"
    if number > 0:
        with contextlib.suppress(ValueError):
            return f"its process was ended by {signal.Signals(number).name}"
    return f"its process ended with status {status}"
