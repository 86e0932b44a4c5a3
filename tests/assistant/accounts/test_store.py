from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest

from assistant.accounts.store import FILE, Accounts, present
from assistant.errors import AccountError
from assistant.records import Place

PASSWORD = "correct horse 7"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(place: Place, clock: Clock):
    accounts = Accounts(place, idle=100, longest=1000, clock=clock)
    yield accounts
    accounts.close()


def stored(place: Place) -> str:
    if isinstance(place, Path):
        return "".join(sqlite3.connect(place / FILE).iterdump())
    with psycopg.connect(place.url) as connection:
        return str([connection.execute(f"SELECT * FROM {table}").fetchall() for table in ("accounts", "sessions")])


def test_a_password_is_kept_as_a_hash_and_the_file_is_the_owners_alone(place, accounts):
    accounts.add("Anna", PASSWORD, "admin")
    assert accounts.verify("anna", PASSWORD) == accounts.find("ANNA")
    assert accounts.verify("anna", PASSWORD + "x") is None
    assert accounts.verify("nobody", PASSWORD) is None
    assert not isinstance(place, Path) or (place / FILE).stat().st_mode & 0o077 == 0
    assert "$argon2id$" in stored(place)
    assert PASSWORD not in stored(place)


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("anna", PASSWORD, "already"),
        ("ANNA", PASSWORD, "already"),
        ("", PASSWORD, "cannot be a name"),
        ("<b>x</b>", PASSWORD, "cannot be a name"),
        ("ben", "short", "8 to 1,000 characters"),
        ("ben", "x" * 1001, "1,001"),
        ("benjamin1", "Benjamin1", "must not be the name"),
    ],
)
def test_what_cannot_be_an_account_is_told_in_one_line(accounts, name, password, said):
    accounts.add("anna", PASSWORD)
    with pytest.raises(AccountError, match=said):
        accounts.add(name, password)


def test_a_session_ends_when_it_is_idle_and_in_any_case(place, accounts, clock):
    secret = accounts.begin(accounts.add("anna", PASSWORD))
    assert secret not in stored(place)
    for _ in range(12):
        clock.now += 80
        assert accounts.of(secret).name == "anna"
    clock.now += 80
    assert accounts.of(secret) is None
    idle = accounts.begin(accounts.find("anna"))
    clock.now += 101
    assert accounts.of(idle) is None
    assert accounts.of("guessed") is None


def test_signing_out_a_new_password_and_removal_end_sessions(accounts):
    anna = accounts.add("anna", PASSWORD)
    first, second = accounts.begin(anna), accounts.begin(anna)
    accounts.end(first)
    assert accounts.of(first) is None
    accounts.change_password("anna", "another horse 8")
    assert accounts.of(second) is None
    third = accounts.begin(anna)
    accounts.remove("anna")
    assert accounts.of(third) is None


def test_a_role_holds_from_the_next_request_on(accounts):
    accounts.add("root", PASSWORD, "admin")
    secret = accounts.begin(accounts.add("anna", PASSWORD, "admin"))
    assert accounts.of(secret).may("admin")
    accounts.change_role("anna", "viewer")
    assert not accounts.of(secret).may("user")


def test_the_last_admin_stays(accounts):
    accounts.add("anna", PASSWORD, "admin")
    for change in (lambda: accounts.remove("anna"), lambda: accounts.change_role("anna", "user")):
        with pytest.raises(AccountError, match="only admin"):
            change()
    assert accounts.find("anna").role == "admin"


def test_a_name_that_is_used_again_is_another_owner(accounts):
    first = accounts.add("anna", PASSWORD).identity.owner
    accounts.remove("anna")
    assert accounts.add("anna", PASSWORD).identity.owner != first


def test_somebody_from_elsewhere_keeps_their_account_and_has_no_password(accounts):
    accounts.add("anna", PASSWORD)
    other = accounts.known("oidc:x|1", "anna", "user")
    assert other.name == "anna-2"
    assert accounts.known("oidc:x|1", "renamed", "user") == other
    assert accounts.verify("anna-2", "") is None


def test_a_place_without_accounts_is_told_from_one_with(home, place, accounts):
    assert not present(home / "elsewhere")
    assert not present(place)
    accounts.add("anna", PASSWORD)
    assert present(place)


def test_of_two_servers_one_takes_a_name_and_both_know_the_session(place, accounts, clock):
    other = Accounts(place, idle=100, longest=1000, clock=clock)
    try:
        secret = accounts.begin(accounts.add("anna", PASSWORD, "admin"))
        with pytest.raises(AccountError, match="already"):
            other.add("Anna", PASSWORD)
        assert other.of(secret).name == "anna"
        other.end(secret)
        assert accounts.of(secret) is None
    finally:
        other.close()
