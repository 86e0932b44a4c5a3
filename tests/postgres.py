"""A PostgreSQL of the tests' own: started in a folder that goes with it, stopped, lost and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.chromium import binaries as binaries  # noqa: PLC0414 — who starts a server asks here
from tests.ports import free_port

LEFT_OUT = "needs PostgreSQL's server, which `python tests/chromium.py` installs where it may"
# It refuses to run as root.
USER = "postgres"
MAKE = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
SMALL = ("-F", "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "unix_socket_directories=")


class Postgres:
    """One server.

    Args:
        programs: The folder of its programs.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="assistant-postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, USER, USER)
            self._as = {"user": USER, "group": USER, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        make = [programs / "initdb", "-D", self._data, "-U", "assistant", *MAKE]
        subprocess.run(make, check=True, capture_output=True, cwd=self._folder, **self._as)
        self.start()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def running(self) -> bool:
        """Whether it has been started."""
        return self._process is not None

    def url(self, database: str = "postgres") -> str:
        """Returns the address of a database."""
        return f"postgresql://assistant@127.0.0.1:{self.port}/{database}"

    def new(self) -> str:
        """Makes a database and returns its address."""
        name = f"test_{uuid4().hex}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        command = [self._programs / "postgres", "-D", self._data, "-h", "127.0.0.1", "-p", str(self.port), *SMALL]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self._folder, **self._as)
        while True:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=5).close()
                break
            if self._process.poll() is not None:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)

    def freeze(self) -> None:
        """Stops all of its processes in the middle of what they do; they keep their connections and say nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for each in (self._process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def stop(self) -> None:
        """Stops it; whoever is connected is cut off."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stops it and throws its data away."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
