"""Runs inside the sandbox: puts the limits on itself, starts the kernel and hands out its files.

Nothing here guards anything: the code that the model wrote runs in this process and may change all of it. The
walls are the sandbox and the limits, which are set before that code runs; everything that this module says is
checked outside.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import importlib.util
import itertools
import json
import os
import random
import resource
import signal
import socket
import stat
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

FILES = "/files"
SOCKETS = "/sockets"
MAX_LISTED = 200
MAX_VISITED = 20_000
LINK = -1  # stands for the size of a link, which is not read
TABLE_ROWS = 10_000

_seen: dict[str, tuple[int, int]] = {}


def main(channel_number: int) -> None:
    """Serves one kernel until the process is killed.

    Args:
        channel_number: File descriptor of a socket that brings the order and takes the answer: ``ready`` with open
            folders of the sockets and the files, or what went wrong.
    """
    channel = socket.socket(fileno=channel_number)
    order = json.loads(channel.recv(65536))
    try:
        _limit(order)
        application = _application(order)
    except BaseException:
        channel.send(traceback.format_exc()[-4000:].encode())
        raise
    folders = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (SOCKETS, FILES)]
    socket.send_fds(channel, [b"ready"], folders)
    for number in folders:
        os.close(number)
    channel.close()
    _silence()
    application.start()


def _silence() -> None:
    """Leads what goes past the kernel's streams to nowhere: a pipe that nobody empties would stop its writer."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in _streams():
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _limit(order: dict[str, Any]) -> None:
    for name, value in order["of_process"].items():
        # The sandbox's first process too: code can write to its memory, and would run without limits there.
        for pid in (*order["limited"], os.getpid()):
            resource.prlimit(pid, getattr(resource, f"RLIMIT_{name}"), tuple(value))
    # The assistant comes before the code it runs: when processors are short, and when memory is.
    os.nice(5)
    with open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("500")


def _application(order: dict[str, Any]) -> Any:
    from ipykernel.kernelapp import IPKernelApp
    from traitlets.config import Config

    class Application(IPKernelApp):
        def init_iopub(self, context: Any) -> None:
            # What is published waits for its reader, within the limit of memory, instead of being dropped.
            context.sndhwm = 0
            begin: Any = super().init_iopub
            begin(context)

    config = Config()
    config.Session.key = order["key"].encode()
    config.HistoryManager.enabled = False
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShellApp.ignore_cwd = True
    config.IPKernelApp.outstream_class = "inside.CappedStream"
    ports = {f"{name}_port": number for number, name in enumerate(order["channels"], 1)}
    application = Application.instance(
        config=config, transport="ipc", ip=f"{SOCKETS}/k", connection_file=f"{SOCKETS}/connection.json", **ports
    )
    os.chdir(FILES)
    _define_capped_stream(order["output_characters"])
    initialize: Any = application.initialize
    initialize([])
    _prepare(application.shell)
    return application


def _define_capped_stream(limit: int) -> None:
    from ipykernel.iostream import OutStream

    class CappedStream(OutStream):
        """Drops what a call prints past the limit, so that a flood does not leave the sandbox."""

        room = limit
        dropped = 0

        def write(self, text: str) -> Any:
            if not isinstance(text, str) or len(text) <= self.room:
                self.room -= len(text)
                # Half a character pair cannot be sent.
                return super().write(text if text.isascii() else text.encode(errors="replace").decode())
            self.dropped += len(text) - self.room
            if self.room:
                super().write(text[: self.room])
                self.room = 0
            return len(text)

        def begin(self) -> None:
            self.room, self.dropped = limit, 0

        def end(self) -> None:
            if self.dropped:
                super().write(f"\n[{self.dropped:,} more characters were dropped]")

    globals()["CappedStream"] = CappedStream


def _streams() -> tuple[Any, Any]:
    return sys.stdout, sys.stderr


def _prepare(shell: Any) -> None:
    streams = _streams()
    shell.events.register("pre_execute", lambda: [stream.begin() for stream in streams])
    shell.events.register("post_execute", lambda: [stream.end() for stream in streams])
    shell.events.register("post_execute", _end_workers)
    # Like all that a call leaves behind, multiprocessing's tracker is ended; it starts again when it is needed.
    warnings.filterwarnings("ignore", message="resource_tracker: process died")
    # A script that ends with exit() must not take the variables with it.
    shell.ask_exit = lambda: None
    bundles = shell.display_formatter.mimebundle_formatter
    for module in ("pandas", "pandas.core.frame"):
        bundles.for_type_by_name(module, "DataFrame", _table)


def _end_workers() -> None:
    """Lets joblib end its workers in an orderly way: they would be killed, and its next call would fail for it."""
    executor = getattr(sys.modules.get("joblib.externals.loky.reusable_executor"), "_executor", None)
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)


def _table(frame: Any, **_: Any) -> dict[str, str]:
    return {"text/csv": frame.head(TABLE_ROWS).to_csv()}


def _answers(function: Callable[..., Any]) -> Callable[..., str]:
    """Makes a function return JSON, and an error of the file system as ``{"error": …}``."""

    @functools.wraps(function)
    def answer(*arguments: Any) -> str:
        try:
            return json.dumps(function(*arguments))
        except OSError as error:
            return json.dumps({"error": error.strerror or str(error)})

    return answer


@_answers
def open_house() -> None:
    """Lets code import the files that it writes; not done earlier, so that none of them is loaded as one of ours."""
    sys.path.insert(0, "")
    # Without a handler there, no signal wakes the event loop, and an interrupt would not reach code that awaits.
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, lambda: None)


@_answers
def begin_chance(seed: int) -> None:
    """Lets the random numbers of Python, and of numpy's module once it is imported, begin with a seed."""
    random.seed(seed)
    if module := sys.modules.get("numpy.random"):
        module.seed(seed)
    else:
        sys.meta_path.insert(0, _Seeding(seed))


class _Seeding(MetaPathFinder):
    """Finds numpy.random as others do, and seeds it once it is loaded."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != "numpy.random":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            load: Any = spec.loader.exec_module

            def load_and_seed(module: Any) -> None:
                load(module)
                module.seed(self._seed)

            spec.loader.exec_module = load_and_seed  # type: ignore[method-assign]
        return spec


@_answers
def end_others(keep: list[int]) -> int:
    """Ends the processes that code has left running where nobody outside can; returns how many are left.

    Args:
        keep: Process ids beside this one that belong to the sandbox.
    """
    for attempt in range(20):
        left = [pid for pid in _processes() if pid not in (os.getpid(), *keep)]
        if not left:
            return 0
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01 * (attempt > 0))
    return len(left)


def _processes() -> Iterator[int]:
    for name in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if name.isdecimal() and open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[0] != "Z":  # noqa: PTH123, SIM115
                yield int(name)


@_answers
def put(name: str, content: str, append: bool) -> None:
    """Writes a file of the conversation, or a further piece of it."""
    path = f"{FILES}/{name}"
    with open(path, "ab" if append else "wb") as file:  # noqa: PTH123
        file.write(base64.b64decode(content))
    status = os.lstat(path)
    _seen[name] = (status.st_size, status.st_mtime_ns)


@_answers
def changed() -> list[tuple[str, int]]:
    """Lists files that are new or were changed since the last call: name and size in bytes, of a link ``LINK``."""
    found = []
    for name, state in itertools.islice(_files(), MAX_VISITED):
        if _seen.get(name) != state:
            _seen[name] = state
            found.append((name, state[0]))
    return found[:MAX_LISTED]


def _files() -> Iterator[tuple[str, tuple[int, int]]]:
    for folder, folders, names in os.walk(FILES):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__pycache__")))
        for name in sorted(names) + folders:
            path = f"{folder}/{name}"
            status = os.lstat(path)
            if (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)) and not name.startswith("."):
                size = LINK if stat.S_ISLNK(status.st_mode) else status.st_size
                yield path.removeprefix(f"{FILES}/"), (size, status.st_mtime_ns)


@_answers
def get(name: str, offset: int, size: int) -> str:
    """Returns a piece of a file in base 64."""
    with open(f"{FILES}/{name}", "rb") as file:  # noqa: PTH123
        file.seek(offset)
        return base64.b64encode(file.read(size)).decode()
