"""Has Lean check a proof, in a sandbox: Lean is a programming language, and a proof can run what it likes."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .limits import MAX_PROOF, SolveError

UNKNOWN = "unknown within the limit"
# What a theorem may rest on: the axioms of Lean's own library.
AXIOMS = {"propext", "Classical.choice", "Quot.sound"}
THEOREM = re.compile(r"^\s*(?:theorem|lemma)\s+([^\s:({\[]+)", re.M)
# What could change what Lean understands or prints behind the proof.
REFUSED = re.compile(
    r"\b(axiom|sorry|admit|native_decide|unsafe|macro|macro_rules|elab|elab_rules|syntax|notation|run_cmd|run_tac|"
    r"run_elab|initialize|builtin_initialize|implemented_by|extern|opaque|reduceBool|skipKernelTC|debug)\b|#eval"
)
NOBODY = 64_999  # no account has this number
MEMORY_MB = 4_096


def check(source: str, seconds: float) -> dict[str, Any]:
    """Returns whether Lean accepts every theorem of a text, as ``prove`` returns it.

    Args:
        source: In Lean 4, with at least one theorem that has a name.
        seconds: How long it may take.

    Raises:
        SolveError: There is no Lean or no sandbox here, or the text cannot be a proof.
    """
    if len(source) > MAX_PROOF:
        raise SolveError(f"the proof has more than {MAX_PROOF:,} characters")
    if word := REFUSED.search(source):
        raise SolveError(f"a proof that holds `{word[0]}` is not checked: it need not prove anything")
    names = list(dict.fromkeys(THEOREM.findall(source)))
    if not names:
        raise SolveError("there is no theorem with a name in it, such as: theorem two : 1 + 1 = 2 := rfl")
    questions = "".join(f"\n#check @{name}\n#print axioms {name}" for name in names)
    try:
        messages = list(_messages(_run(source + "\n" + questions, seconds)))
    except subprocess.TimeoutExpired:
        return _unknown(f"Lean came to no end within {seconds:g} s")
    errors = [message for message in messages if message.get("severity") == "error"]
    if errors:
        place = errors[0].get("pos") or {}
        return _unknown(f"Lean does not accept the proof (line {place.get('line', '?')}): {errors[0].get('data')}")
    return _judged(names, [str(m.get("data")) for m in messages if _line(m) > source.count("\n") + 1])


def _judged(names: list[str], said: list[str]) -> dict[str, Any]:
    """What Lean said to the questions behind the proof: for each theorem its statement, and what it rests on."""
    if len(said) != 2 * len(names):
        return _unknown("Lean did not name what it had proved")
    for name, rests in zip(names, said[1::2], strict=True):
        used = re.search(r"depends on axioms: \[(.*)\]", rests, re.S)
        axioms = {axiom.strip() for axiom in used[1].split(",")} if used else set()
        if axioms - AXIOMS or not (used or "does not depend on any axioms" in rests):
            return _unknown(f"{name} rests on {', '.join(sorted(axioms - AXIOMS)) or 'what is not known'}")
    statement = "; ".join(" ".join(text.split()) for text in said[::2])
    text = f"proved, checked by Lean: {statement}"
    return {
        "text": text,
        "task": "prove",
        "answer": "proved",
        "statement": statement,
        "method": "Lean checked the proof",
    }


def _unknown(reason: str) -> dict[str, Any]:
    line = " ".join(reason.split())[:500]
    return {"text": f"{UNKNOWN}: {line}", "task": "prove", "answer": UNKNOWN, "notes": [line]}


def _messages(output: str) -> Iterator[dict[str, Any]]:
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "severity" in found:
            yield found


def _line(message: dict[str, Any]) -> int:
    return int((message.get("pos") or {}).get("line", 0))


def _run(source: str, seconds: float) -> str:
    lean = shutil.which("lean")
    if lean is None:
        raise SolveError("there is no `lean` on the PATH of this machine, so that no Lean proof can be checked")
    bwrap = shutil.which("bwrap")
    if bwrap is None or not sys.platform.startswith("linux"):
        raise SolveError("a Lean proof is checked in a sandbox only; it needs bubblewrap (apt install bubblewrap)")
    command = [*_user(), bwrap, *_walls(Path(lean)), "--", lean, "--stdin", "--json", "-j1", f"-M{MEMORY_MB}"]
    done = subprocess.run(  # noqa: S603
        command, input=source, capture_output=True, text=True, timeout=seconds, cwd="/", check=False,
        env={"PATH": "/usr/bin:/bin"}, preexec_fn=_limited,
    )  # fmt: skip
    if done.returncode and not done.stdout:
        raise SolveError(f"Lean could not be run: {' '.join(done.stderr.split())[:300] or done.returncode}")
    return done.stdout


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MB << 20, MEMORY_MB << 20))


def _user() -> list[str]:
    """Root would stay root to the kernel, even within the walls."""
    if os.getuid():
        return []
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--"]


def _walls(lean: Path) -> list[str]:
    """No network, no home, no other processes: the system and Lean's own folder, read-only."""
    shown = [Path("/usr"), *(path.parent.parent for path in (lean, lean.resolve()))]
    links = [Path("/", name) for name in ("bin", "lib", "lib64")]
    return [
        "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL",
        "--die-with-parent", "--new-session", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",  # noqa: S108
        *(word for path in dict.fromkeys(shown) for word in ("--ro-bind", str(path), str(path))),
        *(word for path in links if path.is_symlink() for word in ("--symlink", str(path.readlink()), str(path))),
        *(word for path in links if path.is_dir() and not path.is_symlink()
          for word in ("--ro-bind", str(path), str(path))),
        "--clearenv", "--setenv", "HOME", "/tmp", "--setenv", "PATH", f"{lean.parent}:/usr/bin:/bin",  # noqa: S108
        "--setenv", "ELAN_HOME", str(lean.parent.parent), "--remount-ro", "/", "--chdir", "/tmp",  # noqa: S108
    ]  # fmt: skip
