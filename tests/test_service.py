"""The systemd units: systemd reads them, and their commands are ours."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.cli import cli

UNITS = sorted((Path(__file__).parent.parent / "configs").glob("*.service"))
each_unit = pytest.mark.parametrize("unit_file", UNITS, ids=lambda path: path.name)


@each_unit
def test_the_command_takes_its_options(unit_file: Path) -> None:
    (command,) = re.findall(r"^ExecStart=\S+/assistant (.+)$", unit_file.read_text(), re.MULTILINE)
    name, *words = command.split()
    said = CliRunner().invoke(cli, [name, "--help"]).output
    for option in [word for word in words if word.startswith("--")]:
        assert option in said


@each_unit
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_every_line(tmp_path: Path, unit_file: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit_file.read_text(), flags=re.MULTILINE)
    unit = tmp_path / unit_file.name
    unit.write_text(re.sub(r"^(User|Group)=.*", r"\1=root", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
    broken = tmp_path / "broken.service"
    broken.write_text(unit.read_text() + "\n[Service]\nNoSuchThing=yes\n")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", broken],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "NoSuchThing" in done.stderr
