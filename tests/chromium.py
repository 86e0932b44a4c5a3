"""Finds the Chromium that the browser tests drive; as a program, installs it where that is allowed.

``python tests/chromium.py`` ends with 0 once a browser is there, else with 1 and the command that brings it. The same
command brings bubblewrap and PostgreSQL, without which the tests of the code interpreter and of shared state are left
out.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# No request but the page's own, and no GPU or user namespaces, which containers lack.
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps, for those who are given the permission.
    "--use-fake-device-for-media-stream",
)

# Without an emoji font the page's screenshots show empty boxes.
APT = (
    "apt-get update && {sudo}apt-get install -y --no-install-recommends chromium fonts-noto-color-emoji bubblewrap"
    " && {sudo}apt-get install -y --no-install-recommends postgresql"
)

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHTS = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/*.app/Contents/MacOS/*",
    "chromium-*/chrome-win*/chrome.exe",
)


def find() -> Path | None:
    """Returns the program of an installed Chromium, or None."""
    for name in _NAMES:
        if path := shutil.which(name):
            return Path(path)
    return next((path for pattern in _PLAYWRIGHTS for path in sorted(_browsers().glob(pattern), reverse=True)), None)


def install_command() -> str:
    """Returns the shell command that installs a browser on this system."""
    if shutil.which("apt-get"):
        sudo = "" if os.geteuid() == 0 else "sudo "
        return sudo + APT.format(sudo=sudo)
    return f"{sys.executable} -m playwright install chromium"


def may_install() -> bool:
    """Whether the system's packages can be changed without asking a person."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        return True
    asks_nothing = ["sudo", "-n", "true"]
    return bool(shutil.which("sudo")) and not subprocess.run(asks_nothing, check=False, capture_output=True).returncode


def main() -> int:
    """Makes sure of a browser, and tries for bubblewrap."""
    if find() and shutil.which("bwrap") and binaries():
        return 0
    command = install_command()
    if may_install():
        print(f"The tests need Chromium, bubblewrap and PostgreSQL; installing them: {command}", flush=True)
        subprocess.run(command, shell=True, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    if find():
        if not binaries():
            print(f"Without PostgreSQL the tests of shared state are left out. It comes with: {command}")
        if not shutil.which("bwrap"):
            print(f"Without bubblewrap the tests of the code interpreter are left out. It comes with: {command}")
        return 0
    print(f"The browser tests need Chromium and none was found. Install it with: {command}", file=sys.stderr)
    return 1


def binaries() -> Path | None:
    """Returns the folder of an installed PostgreSQL's programs, or None."""
    if path := shutil.which("initdb"):
        return Path(path).parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), default=None)


def _browsers() -> Path:
    if folder := os.environ.get("PLAYWRIGHT_BROWSERS_PATH"):
        return Path(folder)
    caches = {"darwin": "Library/Caches", "win32": "AppData/Local"}
    return Path.home() / caches.get(sys.platform, ".cache") / "ms-playwright"


if __name__ == "__main__":
    sys.exit(main())
