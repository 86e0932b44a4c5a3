"""Container engines: Docker, or what has its command line, with gVisor where that is installed.

The engine keeps the limits of memory and processes, and its default filter of system calls holds. A container has no
network, no folder of the host, a read-only image and an ordinary user without capabilities.
"""

from __future__ import annotations

import functools
import secrets
import shutil
import subprocess
from dataclasses import dataclass

from .limits import MIB, Limits
from .sandbox import NOBODY, NoSandbox, environment

PACKAGES = "ipykernel numpy pandas scipy matplotlib sympy sklearn openpyxl plotly"
CHECK = f"""
import importlib.util
missing = [name for name in "{PACKAGES}".split() if importlib.util.find_spec(name) is None]
exit("it lacks " + ", ".join(missing) if missing else 0)
"""
CHECK_SECONDS = 8.0  # within what a plugin may take to be loaded


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine and what it is to run.

    Attributes:
        program: Its command, ``docker`` or ``podman``.
        image: The image, which is never fetched: it has to be there.
        runtime: Such as ``runsc``, which is gVisor's; empty for the engine's own.
    """

    program: str
    image: str
    runtime: str = ""

    def line(self, limits: Limits, name: str) -> list[str]:
        """Returns the command that runs Python in a new container; the program's arguments are to follow."""
        sizes = {"/files": limits.disk, "/tmp": 256 * MIB, "/sockets": MIB}  # noqa: S108
        counts = {"nofile": limits.open_files, "fsize": limits.file_bytes, "core": 0}
        return [
            self.program, "run", "--rm", "--interactive", "--name", name, "--pull", "never", "--log-driver", "none",
            *(("--runtime", self.runtime) if self.runtime else ()),
            "--network", "none", "--read-only", "--user", f"{NOBODY}:{NOBODY}", "--cap-drop", "ALL",
            "--security-opt", "no-new-privileges", "--hostname", "sandbox", "--workdir", "/files",
            "--memory", str(limits.memory), "--memory-swap", str(limits.memory),
            "--pids-limit", str(limits.processes), "--shm-size", str(128 * MIB),
            *(f"--tmpfs={path}:rw,exec,nosuid,nodev,mode=1777,size={size}" for path, size in sizes.items()),
            *(f"--ulimit={kind}={count}:{count}" for kind, count in counts.items()),
            *(f"--env={key}={value}" for key, value in environment().items() if key != "PATH"),
            "--entrypoint", "python3", self.image, "-I", "-B", "-c",
        ]  # fmt: skip


@functools.cache
def _problem(engine: Engine) -> str:
    try:
        check(engine)
    except NoSandbox as error:
        return str(error)
    return ""


def check_once(engine: Engine) -> None:
    """Does what ``check`` does, the first time.

    Raises:
        NoSandbox: There can be none here.
    """
    if problem := _problem(engine):
        raise NoSandbox(problem)


def check(engine: Engine) -> None:
    """Runs Python once in a container as the tool would, and looks for what the tool promises.

    Raises:
        NoSandbox: That failed; the text says why and what to do.
    """
    if shutil.which(engine.program) is None:
        raise NoSandbox(f"{engine.program} is missing, which tools.settings.code_interpreter.docker asks for")
    line = [*engine.line(Limits(), f"assistant-code-{secrets.token_hex(8)}"), CHECK]
    try:
        done = subprocess.run(  # noqa: S603
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoSandbox(f"{engine.program} did not start a container within {CHECK_SECONDS:g} s") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise NoSandbox(
            f"{engine.program} cannot run the image {engine.image} ({said[-1][:500]}); "
            "docs/code-interpreter.md tells how to make it"
        )
