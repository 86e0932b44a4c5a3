"""The database and the bucket as ``assistant doctor`` sees them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from assistant.doctor_shared import shared
from assistant.settings import ArtifactSettings, DatabaseSettings, Settings
from tests.ports import free_port
from tests.s3_server import CREDENTIALS, s3_server


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server("looked-at") as url:
        yield url


@pytest.fixture
def chosen(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> ArtifactSettings:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return ArtifactSettings(bucket="looked-at", endpoint=endpoint)


async def test_nothing_is_said_of_what_is_not_set(home: Path) -> None:
    assert await shared(Settings(home=home)) == []


async def test_a_database_is_told_as_is_one_in_which_no_tables_may_be_made(home: Path, postgres_url: str) -> None:
    [found] = await shared(Settings(home=home, database=DatabaseSettings(url=postgres_url)))
    assert (found.name, found.state) == ("database", "ok")
    assert found.detail.startswith("PostgreSQL 1")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    limited = DatabaseSettings(url=postgres_url.replace("assistant@", "reader@"))
    [found] = await shared(Settings(home=home, database=limited))
    assert (found.state, found.advice) == ("broken", "Grant CREATE to its user.")


async def test_a_database_that_is_away_is_told_without_its_password(home: Path) -> None:
    away = DatabaseSettings(url=f"postgresql://me:hidden@127.0.0.1:{free_port()}/notes")
    [found] = await shared(Settings(home=home, database=away))
    assert found.state == "broken"
    assert found.detail.startswith("notes at 127.0.0.1 cannot be reached (")
    assert "hidden" not in str(found)
    assert "\n" not in found.detail


async def test_a_bucket_is_written_read_and_left_as_it_was(home: Path, chosen: ArtifactSettings) -> None:
    [found] = await shared(Settings(home=home, artifacts=chosen))
    assert (found.name, found.state, found.advice) == ("bucket", "ok", "")
    assert "<Key>" not in held(chosen)
    [found] = await shared(Settings(home=home, artifacts=chosen.model_copy(update={"bucket": "elsewhere"})))
    assert found.state == "broken"
    assert found.detail.startswith(f"elsewhere at {chosen.endpoint} cannot be written and read (")
    assert "AWS_ACCESS_KEY_ID" in found.advice


def held(chosen: ArtifactSettings) -> str:
    return httpx.get(f"{chosen.endpoint}/{chosen.bucket}").raise_for_status().text
