from __future__ import annotations

from pathlib import Path

from assistant.overview import disk, troubles
from assistant.session import Assistant

LOG = """2026-11-25 17:00:00,123 12 INFO assistant.session: all is well
2026-11-25 17:00:01,123 12 WARNING assistant.session: turn failed: The model server at http://x does not answer.
Traceback (most recent call last):
  File "x.py", line 1
2026-11-25 17:00:02,123 12 ERROR ui.turn: a turn of the page failed
"""


async def test_usage_counts_by_owner(builtin: Assistant) -> None:
    for owner, questions in (("account-1", ["2 + 2", "3 + 3"]), ("account-2", ["4 + 4"])):
        for question in questions:
            await builtin.ask(question, owner=owner)
    found = await builtin.conversations.usage()
    assert {owner: each.turns for owner, each in found.items()} == {"account-1": 2, "account-2": 1}
    assert found["account-1"].failed == 0
    assert found["account-1"].seconds > 0


def test_troubles_are_the_newest_first_and_one_line_each(home: Path) -> None:
    (home / "logs").mkdir()
    (home / "logs" / "assistant.log").write_text(LOG)
    newest, older = troubles(home)
    assert (newest.grave, newest.text) == (True, "a turn of the page failed")
    assert older.text == "turn failed: The model server at http://x does not answer."


def test_an_empty_home_has_nothing_to_tell(home: Path) -> None:
    assert troubles(home) == []
    (home / "library").mkdir()
    (home / "library" / "x").write_bytes(b"x" * 100)
    (home / "accounts.sqlite-wal").write_bytes(b"x" * 10)
    space = disk(home)
    assert (space.parts["library"], space.parts["other"]) == (100, 10)
    assert 0 < space.free <= space.whole
