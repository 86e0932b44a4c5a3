"""Replies of a real vLLM, recorded for the fast tests.

``python -m tests.serving.cassettes URL`` asks the vLLM of ``tests/serving`` and writes what it says, but for ids and
times, into ``tests/fixtures/vllm``.
"""

from __future__ import annotations

import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.serving.tiny_model import TWICE

FOLDER = Path(__file__).parents[1] / "fixtures" / "vllm"
DICE = {
    "type": "object",
    "properties": {"count": {"type": "integer"}, "sides": {"type": "integer"}},
    "required": ["count"],
}
TOOLS = [{"type": "function", "function": {"name": "roll_dice", "description": "Roll dice.", "parameters": DICE}}]
FORM = {"type": "json_schema", "json_schema": {"name": "form", "schema": DICE, "strict": True}}
STREAM = {"model": "tiny", "stream": True, "stream_options": {"include_usage": True}, "temperature": 0}

REQUESTS: dict[str, dict[str, Any]] = {
    "answer": {"text": "Hello"},
    "call": {"text": "Roll dice", "tools": TOOLS},
    "two-calls": {"text": f"Roll dice {TWICE}", "tools": TOOLS},
    "required": {"text": "Roll dice", "tools": TOOLS, "tool_choice": "required"},
    "named": {
        "text": "Roll dice",
        "tools": TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "roll_dice"}},
    },
    "schema": {"text": "Hello", "response_format": FORM},
    "adapter": {"text": "Hello", "model": "other"},
    "cut": {"text": "Hello", "max_tokens": 12},
    "no-such-model": {"text": "Hello", "model": "nothing"},
    "too-long": {"text": "Hello " * 20_000},
}


def body(name: str) -> dict[str, Any]:
    """Returns the request of a recording."""
    chosen = dict(REQUESTS[name])
    return STREAM | {"messages": [{"role": "user", "content": chosen.pop("text")}]} | chosen


def ask(url: str, name: str) -> tuple[int, str]:
    """Asks a server for a recording; returns status and body, without what changes from one time to the next."""
    sent = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body(name)).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(sent, timeout=300) as reply:
            status, said = reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read().decode()
    for kind in ("chatcmpl", "chatcmpl-tool"):
        ids = dict.fromkeys(re.findall(rf'"{kind}-[0-9a-f]{{8,}}"', said))
        for number, old in enumerate(ids):
            said = said.replace(old, f'"{kind}-{number}"')
    return status, re.sub(r'"created":\s*\d+', '"created":0', said)


def read(name: str) -> tuple[int, str]:
    """Returns a recording: status and body."""
    (path,) = FOLDER.glob(f"{name}.*.txt")
    return int(path.suffixes[-2][1:]), path.read_text()


def main(url: str) -> None:
    """Records all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in REQUESTS:
        status, said = ask(url, name)
        for old in FOLDER.glob(f"{name}.*.txt"):
            old.unlink()
        (FOLDER / f"{name}.{status}.txt").write_text(said)


if __name__ == "__main__":
    main(sys.argv[1])
