"""A real Ray cluster on this machine: what it adds is what this process would, and a killed worker costs only time."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from index.cluster import connected
from index.library import Library
from index.types import Outcome
from tests.scripted_server import refused_url

# Ray reads these when it is imported: it then stays on the loopback address, keeps its token out of the home folder and
# reports to nobody.
os.environ |= {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
}
ray = pytest.importorskip("ray")
pytestmark = pytest.mark.xdist_group("ray")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    found = ray.init(
        num_cpus=2,
        object_store_memory=100_000_000,
        include_dashboard=False,
        log_to_driver=False,
        configure_logging=False,
    )
    yield found.address_info["gcs_address"]
    ray.shutdown()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.cluster.FILES", 4)
    monkeypatch.setattr("index.cluster.AHEAD", 2)
    monkeypatch.setattr("index.ingest.GROUP", 4)


@pytest.fixture
def many(folder: Path) -> Path:
    for number in range(20):
        (folder / f"note-{number:02}.txt").write_text(f"Note {number} is about oaks, tea and steam. " * 3)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing else")
    return folder


def outcomes(found: list[Outcome]) -> list[tuple[str, str, str]]:
    return [(Path(one.path).name, one.status, one.reason) for one in found]


def texts(library: Library) -> list[tuple[str, str]]:
    return [
        (document.path, passage.text) for document in library.documents() for passage in library.passages(document.id)
    ]


def test_it_adds_what_this_process_would(address, tmp_path, many, embedder):
    with closing(Library.open(tmp_path / "here", embedder)) as here:
        expected, known = outcomes(here.add([many])), texts(here)
    with closing(Library.open(tmp_path / "there", embedder)) as there, connected(address) as cluster:
        seen: list[Outcome] = []
        assert outcomes(there.add([many], cluster=cluster, on_outcome=seen.append)) == expected
        assert sorted(outcomes(seen)) == sorted(expected)
        assert texts(there) == known
        assert there.search("tea clippers")[0].document.title == "Tea"
        assert there.verify() == []
        (many / "tea.md").write_text("# Tea\n\nWhite tea is barely rolled.\n")
        again = outcomes(there.add([many], cluster=cluster))
        assert {status for name, status, _ in again if name not in ("tea.md", "broken.pdf")} == {"unchanged"}
        assert ("tea.md", "changed", "") in [(name, status, reason or "") for name, status, reason in again]


def test_a_worker_killed_in_the_middle_costs_nothing_but_time(address, tmp_path, many, embedder):
    killed: list[int] = []

    def kill(outcome: Outcome) -> None:
        if not killed:
            [worker] = workers()
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)

    with closing(Library.open(tmp_path / "library", embedder)) as library, connected(address) as cluster:
        found = library.add([many], cluster=cluster, on_outcome=kill)
        assert [one.status for one in found].count("added") == 23
        assert [one.status for one in found].count("refused") == 1
        assert len({document.path for document in library.documents()}) == 23
        assert library.verify() == []
    assert killed


def workers() -> list[int]:
    """Of the cluster that this process has started."""
    return [child.pid for child in psutil.Process().children(recursive=True) if "ray::_Worker" in child.name()]


def test_what_no_worker_sees_as_it_is_here_is_read_here(address, tmp_path, many, embedder, monkeypatch, caplog):
    monkeypatch.setattr("index.incoming.digest", lambda path: ("0" * 64, path.stat().st_size))
    with closing(Library.open(tmp_path / "library", embedder)) as library, connected(address) as cluster:
        found = library.add([many / "oak.md"], cluster=cluster)
        assert [one.status for one in found] == ["added"]
    assert "read here, since no worker of the cluster sees it" in caplog.text


def test_a_cancelled_ingest_ends_and_keeps_what_was_stored(address, tmp_path, many, embedder):
    with closing(Library.open(tmp_path / "library", embedder)) as library, connected(address) as cluster:
        seen: list[Outcome] = []
        library.add([many], cluster=cluster, on_outcome=seen.append, cancelled=lambda: len(seen) > 4)
        assert 0 < len(library.documents()) < 23
        assert library.verify() == []


def add(folder: Path, home: Path, address: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "index", "add", str(folder), "--home", str(home), "--ray", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_takes_an_address(address, tmp_path, folder):
    done = add(folder, tmp_path, address)
    assert done.returncode == 0, done.stderr
    assert "3 added" in done.stderr
    assert len(done.stdout.splitlines()) == 3


def test_a_cluster_that_is_away_is_one_line(tmp_path, folder):
    where = refused_url().removeprefix("http://").removesuffix("/v1")
    done = add(folder, tmp_path, where)
    assert done.returncode == 1
    assert f"Error: The Ray cluster at {where} cannot be reached" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error")]) == 1
