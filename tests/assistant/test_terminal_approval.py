"""Approval in a real terminal, and where there is none."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.assistant.test_approval import DONE, MAIL, sent
from tests.replies import Calls
from tests.scripted_server import ScriptedServer

RING = Calls([("ring", {"times": 2})])


@pytest.fixture
def folder(home: Path, model_server: ScriptedServer) -> Path:
    tools = home / "tools"
    tools.mkdir()
    (tools / "mail.py").write_text(MAIL)
    engine = f"{{url: '{model_server.url}', model: scripted}}"
    (home / "c.yaml").write_text(f"home: {home}\nengine: {engine}\ntools: {{folders: [{tools}]}}\n")
    return home


def assistant(folder: Path, *arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command; with ``typed`` its standard input is a terminal."""
    command = [sys.executable, "-m", "assistant", *arguments, "--config", str(folder / "c.yaml")]
    if typed is None:
        return subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
        )
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run(command, capture_output=True, text=True, stdin=theirs, timeout=60, check=False)
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_person_sees_every_argument_and_approves(folder: Path, model_server: ScriptedServer) -> None:
    model_server.say(RING, DONE)
    done = assistant(folder, "ask", "Ring twice", typed="perhaps\ny\n")
    assert done.returncode == 0, done.stderr
    assert "ring wants to run; approval is needed because it is the first call of this tool" in done.stderr
    assert "  times: 2" in done.stderr
    assert sent(folder / "tools") == ["ring 2"]


def test_the_person_changes_the_arguments(folder: Path, model_server: ScriptedServer) -> None:
    model_server.say(RING, DONE)
    assert assistant(folder, "ask", "Ring twice", typed="c\n5\n").returncode == 0
    assert sent(folder / "tools") == ["ring 5"]


@pytest.mark.parametrize("typed", ["n\ntoo loud\n", "\x04"])
def test_the_person_refuses_or_leaves(folder: Path, model_server: ScriptedServer, typed: str) -> None:
    model_server.say(RING, DONE)
    assert assistant(folder, "ask", "Ring twice", typed=typed).returncode == 0
    assert sent(folder / "tools") == []
    assert "not approved" in model_server.requests[-1].messages[-1]["content"]


def test_without_a_terminal_the_call_is_refused_unless_a_policy_approves(
    folder: Path, model_server: ScriptedServer
) -> None:
    model_server.say(RING, DONE)
    row = json.loads(assistant(folder, "ask", "--json", "Ring twice").stdout)
    assert "nobody is here to approve it" in row["tool_calls"][0]["result"]
    assert sent(folder / "tools") == []
    (folder / "policy.yaml").write_text("- {tool: ring, arguments: {times: 2}, decide: approve}\n")
    (folder / "in.jsonl").write_text('{"id": 1, "question": "Ring twice"}\n')
    model_server.say(RING, DONE)
    batch = [
        "batch",
        str(folder / "in.jsonl"),
        "-o",
        str(folder / "out.jsonl"),
        "--policy",
        str(folder / "policy.yaml"),
    ]
    assert assistant(folder, *batch).returncode == 0
    assert sent(folder / "tools") == ["ring 2"]


def test_a_policy_that_cannot_be_read_is_one_line(folder: Path) -> None:
    done = assistant(folder, "ask", "x", "--policy", str(folder / "none.yaml"))
    assert done.returncode != 0
    assert done.stderr.startswith("Error: Cannot read the policy")
