"""Stands in for the program ``docker``: runs a container's command behind bubblewrap, on this machine's own files.

It knows the commands and options that the code interpreter gives and refuses others. FAKE_DOCKER names a folder: there
it writes down each call, and keeps the process id of each container. ``image`` in it holds the image that there is.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from pathlib import Path

STATE = Path(os.environ["FAKE_DOCKER"])
HIDDEN = {"tmp", "proc", "dev", "sockets", "files"}


def main() -> None:
    with (STATE / "calls.jsonl").open("a") as file:
        file.write(json.dumps(sys.argv[1:]) + "\n")
    command, *rest = sys.argv[1:]
    {"run": run, "kill": kill, "rm": remove}[command](rest)


def run(words: list[str]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for flag in ("rm", "interactive", "read-only"):
        parser.add_argument(f"--{flag}", action="store_true")
    for option in (
        "name", "pull", "log-driver", "runtime", "network", "user", "cap-drop", "security-opt", "hostname",
        "workdir", "memory", "memory-swap", "pids-limit", "shm-size", "entrypoint",
    ):  # fmt: skip
        parser.add_argument(f"--{option}")
    for option in ("tmpfs", "ulimit", "env"):
        parser.add_argument(f"--{option}", action="append")
    parser.add_argument("image")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(words)
    if options.image != (STATE / "image").read_text():
        sys.exit(f"docker: Error response from daemon: No such image: {options.image}")
    (STATE / f"{options.name}.pid").write_text(str(os.getpid()))
    # The image's python3 is this one.
    os.execvp("bwrap", [*walls(options), sys.executable, *options.command])


def walls(options: argparse.Namespace) -> list[str]:
    shown = [path for path in sorted(Path("/").iterdir()) if path.name not in HIDDEN]
    line = ["bwrap", "--die-with-parent", "--as-pid-1", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    for path in shown:
        line += ["--symlink", path.readlink(), path] if path.is_symlink() else ["--ro-bind", path, path]
    for mount in options.tmpfs:
        path, _, words = mount.partition(":")
        settings = dict(word.partition("=")[::2] for word in words.split(","))
        line += ["--perms", settings["mode"], "--size", settings["size"], "--tmpfs", path]
    if sys.prefix.startswith("/tmp/"):
        line += ["--ro-bind", sys.prefix, sys.prefix]
    line += ["--proc", "/proc", "--dev", "/dev", "--chdir", options.workdir]
    line += ["--clearenv", "--setenv", "PATH", os.environ["PATH"]]
    for word in options.env:
        name, _, value = word.partition("=")
        line += ["--setenv", name, value]
    return [*line, "--"]


def kill(words: list[str]) -> None:
    pid = int((STATE / f"{words[0]}.pid").read_text())
    os.kill(pid, signal.SIGKILL)


def remove(words: list[str]) -> None:
    assert words[0] == "--force"
    kill(words[1:])


main()
