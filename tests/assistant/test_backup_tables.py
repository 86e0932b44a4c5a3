"""A backup of a home folder whose conversations are in PostgreSQL, and back into an empty database."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
from click.testing import CliRunner

from assistant.accounts.store import Accounts
from assistant.app import build
from assistant.cli import cli
from assistant.database.postgres_copy import TABLES
from assistant.events import Answer
from assistant.settings import DatabaseSettings, Settings
from tests.postgres import Postgres
from tests.replies import Text
from tests.scripted_server import ScriptedServer


def config(path: Path, home: Path, url: str | None) -> str:
    path.write_text(f"home: {home}\nengine: builtin\n" + (f"database: {{url: {url}}}\n" if url else ""))
    return str(path)


async def test_the_database_comes_back_with_the_home_folder(
    served: Settings, model_server: ScriptedServer, postgres_server: Postgres, tmp_path: Path
) -> None:
    old, new = postgres_server.new(), postgres_server.new()
    shared = served.model_copy(update={"database": DatabaseSettings(url=old)})
    async with build(shared) as assistant:
        model_server.say(Text("It was\tnoted \\N, für \u2028 später."))
        first = await assistant.ask("Note it")
        assert isinstance(first, Answer)
    accounts = Accounts(DatabaseSettings(url=old))
    session = accounts.begin(accounts.add("anna", "a long password"))
    accounts.close()
    file, home = tmp_path / "backup.tar.gz", tmp_path / "new"
    said = await _run("backup", file, config(tmp_path / "old.yaml", served.home, old))
    assert "and the database are in" in said
    refused = await _run("restore", file, config(tmp_path / "none.yaml", home, None))
    assert "set database.url to an empty one, or leave it out with --no-database" in refused
    refused = await _run("restore", file, config(tmp_path / "old.yaml", home, old))
    assert "is not empty (table conversations)" in refused
    assert not home.exists() or not list(home.glob("library"))
    assert "files are back" in await _run("restore", file, config(tmp_path / "new.yaml", home, new))
    async with build(served.model_copy(update={"home": home, "database": DatabaseSettings(url=new)})) as assistant:
        [turn] = await assistant.conversations.turns(first.conversation, "local")
        assert turn.result
        assert turn.result["answer"] == first.text
        model_server.say(Text("Once."))
        assert isinstance(await assistant.ask("How often?", first.conversation), Answer)
        assert "Note it" in str(model_server.requests[-1].body)
        assert [each.id for each in await assistant.conversations.shelf.search("local", "später")]
    accounts = Accounts(DatabaseSettings(url=new))
    assert accounts.of(session)
    accounts.close()


async def test_every_table_of_ours_is_in_it(served: Settings, postgres_url: str) -> None:
    """Whoever adds one has to name it."""
    async with build(served.model_copy(update={"database": DatabaseSettings(url=postgres_url)})):
        Accounts(DatabaseSettings(url=postgres_url)).close()
    with psycopg.connect(postgres_url) as connection:
        select = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        found = {row[0] for row in connection.execute(select).fetchall()}
    assert found - {"checkpoint_migrations"} <= set(TABLES)


async def _run(command: str, file: Path, config: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, cli, [command, str(file), "--config", config])
    return f"{done.output}{done.exception or ''}"
