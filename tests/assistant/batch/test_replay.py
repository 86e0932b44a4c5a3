"""A row goes the same way again: by its seed, and with what the model said."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from assistant.batch import Options, replay, run
from assistant.batch.replay import _row
from assistant.cli import cli
from assistant.errors import BatchError
from assistant.settings import ServerEngine, Settings, ToolSettings
from tests.assistant.batch.rows_of import by_id, written
from tests.replies import Calls, Json, Reply, Status, Text
from tests.scripted_server import ScriptedServer

LUCK = '''
from assistant.plugin import Context, tool

@tool
def luck(ctx: Context) -> int:
    """Draw a number."""
    return ctx.random.randrange(10**9)

@tool
def draw(ctx: Context) -> str:
    """Draw a picture."""
    ctx.save("drawing.svg", b"<svg/>", "image/svg+xml")
    return "drawn"
'''


@pytest.fixture
def lucky(served: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "luck"
    folder.mkdir()
    (folder / "luck.py").write_text(LUCK)
    return served.model_copy(update={"tools": ToolSettings(folders=(folder,))})


def calling(*tools: str) -> Reply:
    return Calls([(name, {}) for name in tools])


def draws(body: Json) -> Reply:
    """Calls the tool, then says what it drew."""
    last = body["messages"][-1]
    return Text(f"It is {last['content']}, by {body['seed']}.") if last["role"] == "tool" else calling("luck")


async def test_the_same_seed_gives_the_same_output(
    lucky: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.always(draws)
    rows: list[Json] = [
        {"id": 1, "question": "a?"},
        {"id": 2, "question": "a?"},
        {"id": 3, "question": "a?", "seed": 7},
    ]
    source = written(tmp_path / "in.jsonl", *rows)
    found = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        await run(lucky, source, tmp_path / f"{name}.jsonl", Options(seed=seed))
        found.append({key: row["answer"] for key, row in by_id(tmp_path / f"{name}.jsonl").items()})
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 3
    assert found[2][3] == found[0][3]
    assert found[2][1] != found[0][1]
    assert "by 7." in found[0][3]


async def test_a_server_that_takes_no_seed_is_asked_without(
    lucky: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    refusal = Status(400, '{"error": {"message": "Unknown parameter: seed"}}')
    model_server.always(lambda body: refusal if "seed" in body else Text("Hello there to you."))
    source = written(tmp_path / "in.jsonl", {"id": 1, "question": "a?"}, {"id": 2, "question": "b?"})
    assert (await run(lucky, source, tmp_path / "out.jsonl", Options(1))).errors == 0
    assert ["seed" in request.body for request in model_server.requests] == [True, False, False]


async def test_a_row_chooses_its_engine(lucky: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.always(lambda body: Text(f"This is {body['model']}."))
    engines = {"small": ServerEngine(url=model_server.url, model="tiny")}
    source = written(
        tmp_path / "in.jsonl",
        {"id": 1, "question": "Who?"},
        {"id": 2, "question": "Who?", "engine": "small"},
        {"id": 3, "question": "What is 2 + 2?", "engine": "builtin"},
        {"id": 4, "question": "Who?", "engine": "large"},
        {"id": 5, "question": "Who?", "seed": "much"},
    )
    await run(lucky.model_copy(update={"engines": engines}), source, tmp_path / "out.jsonl", Options())
    found = by_id(tmp_path / "out.jsonl")
    assert [found[key]["answer"] for key in (1, 2)] == ["This is scripted.", "This is tiny."]
    assert "4" in found[3]["answer"]
    assert (found[3]["input_engine"], found[3]["engine"][:8]) == ("builtin", "built-in")
    assert "There is no engine 'large'; there are: builtin, small." in found[4]["error"]
    assert "line 5: seed must be a whole number" in found[5]["error"]


async def test_a_row_is_run_again_with_its_replies(
    lucky: Settings, model_server: ScriptedServer, tmp_path: Path
) -> None:
    model_server.say(calling("luck", "draw"), Text("Drawn."), Status(401), Text("Hello there to you."))
    output = tmp_path / "out.jsonl"
    source = written(tmp_path / "in.jsonl", *({"id": n, "question": "Draw!"} for n in (1, 2, 3)))
    await run(lucky, source, output, Options(1))
    first = by_id(output)[1]
    assert first["artifacts"][0]["path"] == "out.jsonl.files/1/drawing.svg"
    assert (tmp_path / "out.jsonl.files" / "1" / "drawing.svg").read_text() == "<svg/>"
    assert [reply.get("calls", [])[:0] for reply in first["replies"]] == [[], []]

    asked = len(model_server.requests)
    again = await replay(lucky, "1")
    assert not again.differences
    assert again.result["tool_calls"][0]["result"] == first["tool_calls"][0]["result"]
    with pytest.raises(BatchError, match="no recorded replies; it ended with"):
        await replay(lucky, "2")
    with pytest.raises(BatchError, match="has no row '9'"):
        await replay(lucky, "9", output)
    (tmp_path / "luck" / "luck.py").write_text(LUCK.replace("10**9", "10**9, 10**10"))
    changed = await replay(lucky, "1", output)
    assert [line.partition(":")[0] for line in changed.differences] == ["tool_calls"]
    assert len(model_server.requests) == asked


async def test_replies_are_left_out_on_request(lucky: Settings, model_server: ScriptedServer, tmp_path: Path) -> None:
    model_server.say(Text("Hello there to you."))
    output = tmp_path / "out.jsonl"
    await run(lucky, written(tmp_path / "in.jsonl", {"id": 1, "question": "Hm?"}), output, Options(record=False))
    assert "replies" not in by_id(output)[1]
    with pytest.raises(BatchError, match="--no-replies"):
        await replay(lucky, "1", output)


def test_the_command_tells_what_differs(tmp_path: Path) -> None:
    home = ["--home", str(tmp_path / "home")]
    source = written(tmp_path / "in.jsonl", {"id": "x", "question": "What is 2 + 2?"})
    output = str(tmp_path / "out.jsonl")
    (tmp_path / "c.yaml").write_text("engine: builtin\n")
    home += ["--config", str(tmp_path / "c.yaml")]
    assert CliRunner().invoke(cli, ["batch", str(source), "-o", output, *home]).exit_code == 0
    done = CliRunner().invoke(cli, ["replay", "x", *home])
    assert (done.exit_code, done.stderr) == (0, "All as it was.\n")
    assert "4" in done.stdout
    row = by_id(Path(output))["x"]
    row["tool_calls"][0]["result"] = "five"
    written(Path(output), row)
    done = CliRunner().invoke(cli, ["replay", "x", "--of", output, *home])
    assert done.exit_code == 1
    assert "tool_calls:" in done.stderr


def test_a_number_and_a_text_are_told_apart(tmp_path: Path) -> None:
    output = written(tmp_path / "out.jsonl", {"id": "1", "answer": "text"}, {"id": 1, "answer": "number"})
    assert _row(output, "1")["answer"] == "number"
    assert _row(output, '"1"')["answer"] == "text"
