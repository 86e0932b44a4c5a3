"""Proofs in Lean: what is run, within which walls, and what counts as proved."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from assistant.plugin import ToolError
from tests.tools.interpreters import needs_sandbox
from tests.tools.test_solve import CONTEXT, TOOL

PROOF = "theorem two : 1 + 1 = 2 := rfl"


def check(proof: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = TOOL.function("prove it", CONTEXT, lean=proof, **options)
    return found


@pytest.fixture
def lean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a program on the PATH that says what Lean would say."""
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    (tmp_path / "bin").mkdir()

    def put(script: str) -> None:
        program = tmp_path / "bin" / "lean"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")

    return put


def saying(*said: tuple[int, str, str]) -> str:
    """A script that prints messages: each with its line, severity and text."""
    lines = [json.dumps({"pos": {"line": line}, "severity": kind, "data": data}) for line, kind, data in said]
    return "cat > /dev/null\ncat <<'END'\n" + "\n".join(lines) + "\nEND"


@pytest.mark.skipif(shutil.which("lean") is not None, reason="there is a Lean here")
def test_without_lean_the_parameter_is_refused():
    with pytest.raises(ToolError, match="there is no `lean` on the PATH"):
        check(PROOF)


@pytest.mark.skipif(shutil.which("lean") is None, reason="lean is not on the PATH")
def test_the_real_lean_accepts_a_proof_and_nothing_else():
    assert check(PROOF, seconds=60)["answer"] == "proved"
    assert check("theorem three : 1 + 1 = 3 := rfl", seconds=60)["answer"] == "unknown within the limit"


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        ("theorem two : 1 + 1 = 3 := by sorry", "`sorry`"),
        ("axiom bad : False\ntheorem two : 1 = 2 := bad.elim", "`axiom`"),
        ("#eval 1\n" + PROOF, "`#eval`"),
        ("1 + 1 = 2", "no theorem with a name"),
        ("-- " + "x" * 60_000, "more than 50,000 characters"),
    ],
)
def test_what_need_not_prove_anything_is_not_checked(proof: str, reason: str):
    with pytest.raises(ToolError, match=reason):
        check(proof)


@needs_sandbox
@pytest.mark.parametrize(
    ("said", "answer", "text"),
    [
        (
            [(3, "information", "two : 1 + 1 = 2"), (4, "information", "'two' does not depend on any axioms")],
            "proved",
            "proved, checked by Lean: two : 1 + 1 = 2",
        ),
        (
            [(3, "information", "two : 1 + 1 = 2"), (4, "information", "'two' depends on axioms: [propext, cheat]")],
            "unknown within the limit",
            "unknown within the limit: two rests on cheat",
        ),
        (
            [(1, "error", "type mismatch")],
            "unknown within the limit",
            "unknown within the limit: Lean does not accept the proof (line 1): type mismatch",
        ),
        # What the proof itself prints is no answer of Lean's.
        (
            [(1, "information", "two : 1 + 1 = 2"), (1, "information", "'two' does not depend on any axioms")],
            "unknown within the limit",
            "unknown within the limit: Lean did not name what it had proved",
        ),
    ],
)
def test_what_lean_says_decides(lean: Any, said: list[tuple[int, str, str]], answer: str, text: str):
    lean(saying(*said))
    found = check(PROOF)
    assert (found["answer"], found["text"]) == (answer, text)


@needs_sandbox
def test_lean_is_asked_about_each_theorem(lean: Any):
    lean(r"""printf '{"severity": "error", "data": "%s"}\n' "$(tr '\n' ';')" """)
    asked = check("theorem a : True := trivial\ntheorem b : True := trivial")["text"]
    assert "#check @a;#print axioms a;#check @b;#print axioms b" in asked


@needs_sandbox
def test_lean_that_hangs_is_ended(lean: Any):
    lean("sleep 60")
    assert check(PROOF, seconds=1)["text"] == "unknown within the limit: Lean came to no end within 1 s"


@needs_sandbox
def test_the_walls(lean: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    lean(
        'found="$(ls / | tr "\\n" " ") $(cat /proc/net/dev | wc -l) $(id -u) $(env | grep -c KEY) '
        '$(touch /usr/x 2>/dev/null && echo wrote)"\n'
        'echo "{\\"severity\\": \\"error\\", \\"data\\": \\"$found\\"}"'
    )
    told = check(PROOF)["text"]
    folders, _, rest = told.partition(": ")[2].partition(": ")[2].partition(" 3 1000 0")
    assert "home" not in folders.split()
    assert "work" not in folders.split()
    assert rest == ""
