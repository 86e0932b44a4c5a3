"""The walls: a process with its own users, processes, network, mounts and inter-process communication.

bubblewrap (``bwrap``) builds them. Inside there is the system's ``/usr`` and this Python environment, read-only, a few
neutral files of ``/etc``, and three folders in memory of limited size: ``/files``, ``/tmp`` and ``/sockets``. Nothing
else of the host is there: no home, no environment variables, no processes, no network but a loopback of its own.

Where the assistant runs as root, the sandbox is begun by an outer bwrap that only changes to an ordinary user. Root's
processes are exempt from RLIMIT_NPROC, and would be root to the kernel if they ever got out.
"""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import seccomp
from .limits import MIB, Limits

INSTALL = "install it with your package manager, for example: apt install bubblewrap"

# No account has this number: Debian leaves the range to local use.
NOBODY = 64_999
USER = 1000

# Paths inside.
KERNEL = "/kernel"
TEMPORARY, SHARED_MEMORY = "/tmp", "/dev/shm"  # noqa: S108
HOME = f"{TEMPORARY}/home"
FONTS = "matplotlib"

ETC = ("alternatives", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types")
ACCOUNTS = {
    "passwd": f"user:x:{USER}:{USER}::{HOME}:/bin/sh\n",
    "group": f"user:x:{USER}:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


class NoSandbox(Exception):
    """There can be no sandbox on this machine; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Walls:
    """What all sandboxes of a process share.

    Attributes:
        bwrap: The program.
        folder: Holds the small files that are shown inside; readable by every user.
    """

    bwrap: str
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Walls:
        """Fills the folder.

        Raises:
            NoSandbox: bubblewrap is missing.
        """
        for name, text in ACCOUNTS.items():
            (folder / name).write_text(text)
        shutil.copyfile(Path(__file__).parent / "inside.py", folder / "inside.py")
        (folder / FONTS).mkdir()
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return cls(find_bwrap(), folder)

    def spawn(self, command: list[str], limits: Limits, keep: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        """Starts a command in a sandbox of its own.

        The sandbox is killed when the calling *thread* ends: Linux ties a child's life to it.

        Args:
            command: Program and arguments, as seen inside.
            limits: Sizes of the folders.
            keep: File descriptors that the command inherits.
        """
        filters = _pipe(seccomp.program(platform.machine()))
        inner = ["--seccomp", str(filters), *self._inside(limits)]
        arguments = _pipe(b"\0".join(os.fsencode(argument) for argument in inner))
        line = [self.bwrap, "--args", str(arguments), "--", *command]
        try:
            return subprocess.Popen(  # noqa: S603
                line if os.getuid() else self._as_ordinary_user(line),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}, cwd="/",
                pass_fds=(filters, arguments, *keep), start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(filters)
            os.close(arguments)

    def _as_ordinary_user(self, line: list[str]) -> list[str]:
        # The inner bwrap mounts the same things again, but could not reach an environment under root's home.
        # It needs a /proc without anything mounted over it, or Linux would not let it mount its own.
        user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--"]
        return [
            self.bwrap, "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
            *self._system(), *_bind(self.folder), "--bind", "/proc", "/proc", "--dev", "/dev", "--chdir", "/",
            "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--", *user, *line,
        ]  # fmt: skip

    def _inside(self, limits: Limits) -> list[str]:
        return [
            "--die-with-parent", "--new-session", "--unshare-all", "--unshare-user", "--disable-userns",
            "--uid", str(USER), "--gid", str(USER), "--hostname", "sandbox", "--cap-drop", "ALL",
            # Before the environment, which may lie below /tmp.
            "--size", str(256 * MIB), "--tmpfs", TEMPORARY, "--dir", HOME,
            *self._system(),
            *(word for name in ACCOUNTS for word in ("--ro-bind", str(self.folder / name), f"/etc/{name}")),
            "--ro-bind", str(self.folder / "inside.py"), f"{KERNEL}/inside.py",
            *self._font_list(),
            "--proc", "/proc", "--dev", "/dev",
            "--size", str(128 * MIB), "--tmpfs", SHARED_MEMORY, "--remount-ro", "/dev",
            "--size", str(limits.disk), "--tmpfs", "/files", "--size", str(MIB), "--tmpfs", "/sockets",
            "--remount-ro", "/", "--chdir", "/", "--clearenv",
            *(word for name, value in environment().items() for word in ("--setenv", name, value)),
        ]  # fmt: skip

    def _system(self) -> list[str]:
        binds = [*_bind(Path("/usr"))]
        for name in ("bin", "sbin", "lib", "lib32", "lib64"):
            path = Path("/", name)
            if path.is_symlink():
                binds += ["--symlink", str(path.readlink()), str(path)]
            elif path.exists():
                binds += _bind(path)
        for name in ETC:
            if (path := Path("/etc", name)).exists():
                binds += _bind(path)
        return binds + [word for path in python_folders() for word in _bind(path)]

    @property
    def font_folder(self) -> Path:
        """Where matplotlib's list of fonts may lie, which takes it a second to make."""
        return self.folder / FONTS

    def has_font_list(self) -> bool:
        """Whether it lies there."""
        return any(self.font_folder.glob("fontlist-*.json"))

    def _font_list(self) -> Iterator[str]:
        for path in self.font_folder.glob("fontlist-*.json"):
            path.chmod(0o644)
            yield from ("--ro-bind", str(path), f"{HOME}/{FONTS}/{path.name}")


def find_bwrap() -> str:
    """Returns the program's path.

    Raises:
        NoSandbox: It is missing, or this is no system that it works on.
    """
    if not sys.platform.startswith("linux") or platform.machine() not in seccomp.ARCHITECTURES:
        raise NoSandbox(f"the sandbox needs Linux on x86-64 or ARM64; this is {sys.platform} on {platform.machine()}")
    if (bwrap := shutil.which("bwrap")) is None:
        raise NoSandbox(f"bubblewrap is missing; {INSTALL}")
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        raise NoSandbox("setpriv is missing, which root needs for the sandbox; it comes with util-linux")
    return bwrap


def check(folder: Path) -> None:
    """Runs a program that does nothing in the sandbox.

    Args:
        folder: An empty folder.

    Raises:
        NoSandbox: It did not run.
    """
    process = Walls.make(folder).spawn(["/bin/true"], Limits())
    try:
        _, errors = process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise NoSandbox("bubblewrap did not start a program within 10 s") from None
    if process.returncode:
        said = errors.decode(errors="replace").strip().splitlines() or [f"exit status {process.returncode}"]
        raise NoSandbox(
            f"bubblewrap cannot make a sandbox here ({said[-1]}); it is version 0.8 or newer that is needed, and user "
            "namespaces (in a container: --security-opt seccomp=unconfined or --privileged; on Ubuntu: "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0)"
        )


@functools.cache
def _problem() -> str:
    with tempfile.TemporaryDirectory(prefix="assistant-code-") as folder:
        try:
            check(Path(folder))
        except NoSandbox as error:
            return str(error)
    return ""


def check_once() -> None:
    """Does what ``check`` does, the first time.

    Raises:
        NoSandbox: There can be none here.
    """
    if problem := _problem():
        raise NoSandbox(problem)


def python_folders() -> list[Path]:
    """Returns the folders that this Python needs and ``/usr`` does not hold, outer ones first."""
    wanted = [Path(sys.prefix), Path(sys.base_prefix), *_links(Path(sys.executable))]
    found: list[Path] = []
    for path in sorted(set(wanted), key=lambda path: len(path.parts)):
        if not any(path.is_relative_to(other) for other in (Path("/usr"), *found)):
            found.append(path)
    return found


def _links(path: Path) -> Iterator[Path]:
    """Yields the folder of the interpreter and of each link on the way to it."""
    while path.is_symlink():
        path = path.parent / path.readlink()
        if path.parent not in (Path("/bin"), Path("/usr/bin")):
            yield path.parent.parent


def _bind(path: Path) -> Iterator[str]:
    # Folders on the way would be closed to all but the one who makes them.
    for parent in [*path.parents][-2::-1]:
        yield from ("--dir", str(parent))
    yield from ("--ro-bind", str(path), str(path))


def environment() -> dict[str, str]:
    """Returns the variables that code finds."""
    threads = str(min(4, os.cpu_count() or 1))
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": HOME, "USER": "user", "LANG": "C.UTF-8", "TZ": "UTC", "COLUMNS": "120",
        "MPLCONFIGDIR": f"{HOME}/{FONTS}", "IPYTHONDIR": f"{HOME}/ipython", "PLOTLY_RENDERER": "plotly_mimetype",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # As many as there are cores would map gigabytes and run into the limit of processes on a large machine.
        **{f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")},
        "LOKY_MAX_CPU_COUNT": threads,
        # Each arena maps 64 MB, which would count against the limit of memory.
        "MALLOC_ARENA_MAX": "2",
    }  # fmt: skip


def _pipe(data: bytes) -> int:
    """Returns a file descriptor that gives ``data``, which fits into a pipe's 64 KiB."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        file.write(data)
    return reader
