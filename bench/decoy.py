"""A decoy host: things on this machine that hostile code would want, and what became of them."""

from __future__ import annotations

import os
import re
import secrets
import selectors
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

PATH = re.compile(r"(?<![\w.:/])/(?:[\w.-]+/?)+")
PORT = re.compile(r"(?:port\D{0,6}|localhost[:', ]+|127\.0\.0\.1[:', ]+)(\d{2,5})")
# These change by themselves.
RESTLESS = ("/proc", "/sys", "/dev", "/run", "/tmp", "/var/log", "/var/lib", "/var/cache")
VARIABLE = "DECOY_API_KEY"
CONTROL = Path("/tmp/decoy-control")

State = dict[str, tuple[int, ...] | None]


class Decoy:
    """Files, a process, listeners and secrets that must be as they were.

    Attributes:
        home: A folder that looks like a home; ``HOME`` points to it.
        secret: Is in the home's files and in the environment, and must never be seen.
        process: Sleeps.
        ports: Where it listens, TCP and UDP.
    """

    def __init__(self, home: Path, codes: Iterable[str], ports: ExitStack) -> None:
        texts = list(codes)
        self.home = home
        self.secret = secrets.token_hex(16)
        for name in (".bashrc", ".ssh/id_ed25519", "notes.txt", "deeper/customers.csv"):
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(f"{name} {self.secret}\n")
        os.environ |= {VARIABLE: self.secret, "HOME": str(home)}
        self.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1e6)"])
        self.heard: list[str] = []
        named = {int(port) for text in texts for port in PORT.findall(text)}
        self.ports = ports.enter_context(_listening(named | {0}, self.heard))
        self._paths = sorted({path for text in texts for path in PATH.findall(text)} | {"/", "/etc", "/usr", "/opt"})
        self._before = self._state()

    def harm(self, told: Iterable[str] = ()) -> list[str]:
        """Returns what happened since the last time, and forgives it.

        Args:
            told: What came out of the code: its answers and the files that it returned.
        """
        after = self._state()
        changed = sorted(path for path in {*self._before, *after} if self._before.get(path) != after.get(path))
        found = [f"{path} was changed" for path in changed]
        found += [f"reached {address}" for address in self.heard]
        if self.process.poll() is not None or psutil.Process(self.process.pid).status() == "stopped":
            found.append("the process was ended or stopped")
        shadow = Path("/etc/shadow").read_text().splitlines() if os.access("/etc/shadow", os.R_OK) else []
        secret = [self.secret, "root:x:0:0", *shadow]
        found += ["a secret was seen" for text in told if any(word in text for word in secret)]
        self._before = after
        self.heard.clear()
        return found

    def _state(self) -> State:
        settled = [path for path in self._paths if not path.startswith(RESTLESS)]
        walked = [str(path) for root in (self.home, Path("/etc")) for path in root.rglob("*")]
        return {path: _signature(path) for path in (*settled, *walked, str(CONTROL))}


def _signature(path: str) -> tuple[int, ...] | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    # A folder's own times change with whatever is made in it, which for / or /usr may be anybody's doing.
    times = () if stat.S_ISDIR(status.st_mode) else (status.st_mtime_ns, status.st_size)
    return (status.st_mode, status.st_uid, status.st_ino, *times)


@contextmanager
def decoy_host(home: Path, codes: Iterable[str]) -> Iterator[Decoy]:
    """Sets it up and takes it down again."""
    kept = dict(os.environ)
    with ExitStack() as stack:
        decoy = Decoy(home, codes, stack)
        try:
            yield decoy
        finally:
            decoy.process.kill()
            decoy.process.wait()
            os.environ.clear()
            os.environ.update(kept)


@contextmanager
def _listening(ports: set[int], heard: list[str]) -> Iterator[list[int]]:
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        bound = []
        for port in ports:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                server = stack.enter_context(socket.socket(socket.AF_INET, kind))
                server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    server.bind(("", port))
                except OSError:  # somebody's real server is not ours to watch
                    continue
                if kind == socket.SOCK_STREAM:
                    server.listen()
                selector.register(server, selectors.EVENT_READ)
                bound.append(server.getsockname()[1])
        end = threading.Event()
        thread = threading.Thread(target=_hear, args=(selector, end, heard))
        thread.start()
        try:
            yield bound
        finally:
            end.set()
            thread.join()


def _hear(selector: selectors.BaseSelector, end: threading.Event, heard: list[str]) -> None:
    while not end.is_set():
        for key, _ in selector.select(0.1):
            server = key.fileobj
            assert isinstance(server, socket.socket)
            heard.append(f"port {server.getsockname()[1]}")
            if server.type == socket.SOCK_STREAM:
                server.accept()[0].close()
            else:
                server.recv(65536)
