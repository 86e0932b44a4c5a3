from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.cli import cli
from assistant.errors import AccountError


@pytest.fixture(autouse=True)
def _own_log():
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in [each for each in root.handlers if each not in before]:
        root.removeHandler(handler)
        handler.close()


def users(home: Path, *arguments: str, password: str = "") -> str:
    done = CliRunner().invoke(cli, ["users", *arguments, "--home", str(home)], input=password, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_accounts_are_made_changed_and_removed(home: Path) -> None:
    assert "There are no accounts" in users(home, "list")
    users(home, "add", "anna", "--role", "admin", "--stdin", password="correct horse 7\n")
    users(home, "add", "ben", password="correct horse 8")
    users(home, "role", "ben", "viewer")
    users(home, "password", "ben", "--stdin", password="another horse 9")
    rows = json.loads(users(home, "list", "--json"))
    assert [(row["name"], row["role"], row["seen"]) for row in rows] == [
        ("anna", "admin", None),
        ("ben", "viewer", None),
    ]
    users(home, "remove", "ben")
    assert users(home, "list").split()[:2] == ["anna", "admin"]


def test_what_cannot_be_done_is_told(home: Path) -> None:
    users(home, "add", "anna", "--role", "admin", "--stdin", password="correct horse 7")
    for arguments in (["remove", "anna"], ["remove", "nobody"], ["password", "nobody", "--stdin"]):
        with pytest.raises(AccountError):
            users(home, *arguments, password="x" * 9)
