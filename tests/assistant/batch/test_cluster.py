"""A batch over a real Ray cluster on this machine, of two workers, one of which is killed."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from assistant.batch import Options, run
from assistant.batch.output import Output
from assistant.settings import Settings, ToolSettings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import Calls, Json, Reply, SlowText
from tests.scripted_server import ScriptedServer

# As in tests/index/test_cluster.py.
os.environ |= {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_TOKEN": os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32),
    "RAY_USAGE_STATS_ENABLED": "0",
}
ray = pytest.importorskip("ray")
# Ray Data warns of its own settings.
pytestmark = [pytest.mark.xdist_group("ray"), pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")]
ROWS = 20
DRAW = '''
from assistant.plugin import Context, tool

@tool
def draw(ctx: Context) -> str:
    """Draw a picture."""
    ctx.save("drawing.svg", b"<svg/>", "image/svg+xml")
    return "drawn"
'''


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


def reply(body: Json) -> Reply:
    """Draws for the first question, talks slowly for the others."""
    messages = body["messages"]
    if messages[-1]["role"] == "user" and messages[-1]["content"] == "Question 0?":
        return Calls([("draw", {})])
    return SlowText("Hello there to you.", delay=0.05)


async def test_a_killed_worker_loses_nothing_and_asks_nothing_twice_but_what_it_had(
    address: str, served: Settings, model_server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_server.always(reply)
    folder = tmp_path / "draw"
    folder.mkdir()
    (folder / "draw.py").write_text(DRAW)
    output, killed, write = tmp_path / "out.jsonl", list[int](), Output.write

    def kill(self: Output, row: Any) -> None:
        write(self, row)
        if len(self.done) == 6:
            worker, _ = workers()
            os.kill(worker, signal.SIGKILL)
            killed.append(worker)

    monkeypatch.setattr(Output, "write", kill)
    settings = served.model_copy(update={"tools": ToolSettings(folders=(folder,))})
    source = written(tmp_path / "in.jsonl", *({"id": n, "question": f"Question {n}?"} for n in range(ROWS)))
    summary = await run(settings, source, output, Options(4, processes=2, ray=address))
    assert (summary.written, summary.errors, len(killed)) == (ROWS, 0, 1)
    assert len(output.read_text().splitlines()) == len(by_id(output)) == ROWS
    asked = [request.messages[-1]["content"] for request in model_server.requests]
    assert len([each for each in asked if each.startswith("Question")]) <= ROWS + 2
    drawn = by_id(output)[0]["artifacts"][0]["path"]
    assert (tmp_path / drawn).read_text() == "<svg/>"


def workers() -> list[int]:
    """Of the cluster that this process has started."""
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if "ray::" in child.name() and "_Worker" in child.name()]
