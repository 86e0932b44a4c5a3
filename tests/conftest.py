"""What every test gets: no network but this machine's own, no settings but the test's own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from assistant.database.base import Database
from assistant.database.postgres import open_postgres
from assistant.database.sqlite import open_sqlite
from assistant.records import Place
from assistant.settings import DatabaseSettings
from tests import postgres
from tests.scripted_server import ScriptedServer
from tests.serving import environment

FOREIGN = ("ASSISTANT_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_")


def pytest_configure(config: pytest.Config) -> None:
    """Before any fixture, and for the programs that tests start too."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    # Its installation takes minutes, in which the other tests go on.
    first = not hasattr(config, "workerinput")
    if first and _runs_serving(config) and environment.wanted() and not environment.ready():
        environment.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Says at the very end what was left out for want of vLLM."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if left := [each for each in skipped if environment.LEFT_OUT in str(each.longrepr)]:
        print(f"{len(left)} tests were left out. Each {environment.LEFT_OUT}.")


def _runs_serving(config: pytest.Config) -> bool:
    """Whether this run may hold tests that need vLLM."""
    serving = Path(__file__).parent / "serving"
    named = [(config.invocation_params.dir / arg.split("::")[0]).resolve() for arg in config.args]
    return any(path == serving or path in serving.parents or serving in path.parents for path in named)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test that names no home must not write into the home of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("DATA", "STATE", "CONFIG"):
            patch.setenv(f"XDG_{kind}_HOME", str(tmp_path_factory.mktemp(kind.lower())))
        yield


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for the assistant's data."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def model_server() -> Iterator[ScriptedServer]:
    """A chat server that says what the test tells it to; the test fails if it was asked for more than that."""
    with ScriptedServer() as server:
        yield server
    assert server.unscripted == []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    """A PostgreSQL that is started once for all tests."""
    if (programs := postgres.binaries()) is None:
        pytest.skip(postgres.LEFT_OUT)
    server = postgres.Postgres(programs)
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: postgres.Postgres) -> str:
    """The address of an empty database."""
    return postgres_server.new()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, home: Path) -> Place:
    """Where accounts and keys are, of each kind."""
    return home if request.param == "sqlite" else DatabaseSettings(url=request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        opened = open_sqlite(tmp_path / "log.sqlite")
    else:
        opened = open_postgres(request.getfixturevalue("postgres_url"), 4, 10)
    async with opened as database:
        yield database
