"""The command as scripts call it: arguments in, text or JSON and an exit code out."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.replies import Calls, Status, Text
from tests.scripted_server import ScriptedServer, refused_url

COMMANDS = [
    [], ["ask"], ["retry"], ["chat"], ["search"], ["batch"], ["doctor"], ["ui"], ["index"], ["index", "add"],
    ["index", "list"], ["index", "remove"], ["index", "status"], ["index", "verify"], ["index", "libraries"],
    ["index", "create"], ["index", "delete"], ["index", "tag"], ["index", "untag"], ["index", "tags"],
    ["index", "watch"], ["tools"], ["tools", "list"],
]  # fmt: skip
KEYS = "answer citations tool_calls artifacts confidence abstained engine conversation seconds".split()


def assistant(home: Path, *arguments: str, ok: bool | None = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assistant", "--home", str(home), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=120, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    if ok is not None:
        assert (done.returncode == 0) == ok, done.stderr
    return done


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose library holds a handbook and whose settings ask for the built-in engine."""
    home = tmp_path_factory.mktemp("filled")
    (home / "handbook.md").write_text("# Handbook\n\nThe notice period is three months after the trial period.\n")
    assistant(home, "index", "add", str(home / "handbook.md"))
    (home / "c.yaml").write_text(f"engine: builtin\nhome: {home}\n")
    return home


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command: list[str], home: Path) -> None:
    shown = assistant(home, *command, "--help").stdout
    assert "Usage:" in shown
    if command not in (["index"], ["tools"]):
        assert "Examples:" in shown


def test_ask_prints_one_object(filled: Path) -> None:
    done = assistant(filled, "ask", "--json", "How long is the notice period?", "--config", str(filled / "c.yaml"))
    row = json.loads(done.stdout)
    assert set(KEYS) <= set(row)
    (citation,) = row["citations"]
    assert set(citation) == {"n", "document", "title", "page", "quote", "start", "end", "scores"}
    assert citation["quote"] == "The notice period is three months after the trial period."
    assert (citation["title"], row["abstained"]) == ("Handbook", False)


def test_ask_shows_sources_and_goes_on(filled: Path) -> None:
    config = ["--config", str(filled / "c.yaml")]
    shown = assistant(filled, "ask", "How long is the notice period?", *config).stdout
    assert "[1] Handbook: “The notice period is three months after the trial period.”" in shown
    conversation = shown.rsplit("conversation ", 1)[1].strip()
    again = assistant(filled, "ask", "--json", "Thanks", "--conversation", conversation, *config)
    assert json.loads(again.stdout)["conversation"] == conversation


def test_ask_reads_standard_input(filled: Path) -> None:
    done = assistant(filled, "ask", "--json", "-", "--config", str(filled / "c.yaml"), stdin="What is 6 times 7?")
    assert "42" in json.loads(done.stdout)["answer"]


def test_chat_talks_until_the_end(filled: Path) -> None:
    lines = "How long is the notice period?\n\n/new\nWhat is 2+2?\n/exit\n"
    shown = assistant(filled, "chat", "--config", str(filled / "c.yaml"), stdin=lines).stdout
    assert "three months" in shown
    assert "New conversation." in shown
    assert "4" in shown


def test_search_shows_why(filled: Path) -> None:
    (row,) = json.loads(assistant(filled, "search", "notice period", "-k", "1", "--json").stdout)
    assert row["text"].startswith("The notice period")
    assert {"document", "title", "page", "start", "end", "score", "dense", "lexical", "reranked", "alike"} <= set(row)
    assert "score" in assistant(filled, "search", "notice period").stdout


def test_search_lists_documents_and_hears_each_of_several_things(filled: Path) -> None:
    (row,) = json.loads(assistant(filled, "search", "notice period", "--documents", "--json").stdout)
    assert (row["title"], row["passages"]) == ("Handbook", 1)
    assert row["best"][0]["reranked"] is None or row["best"][0]["text"].startswith("The notice period")
    shown = assistant(filled, "search", "notice period", "--documents").stdout
    assert "1 document is about this." in shown
    assert "1 of 1 passages" in shown
    each = ["search", "notice", "--each", "handbook.md", "--each", "a trial", "-k", "1"]
    assert [row["of"] for row in json.loads(assistant(filled, *each, "--json").stdout)] == ["handbook.md", "a trial"]
    assert "== handbook.md" in assistant(filled, *each).stdout
    assert "cannot be used together" in assistant(filled, *each, "--documents", ok=False).stderr
    assert "cannot be used together" in assistant(filled, *each, "--pictures", ok=False).stderr


def test_the_index_commands(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "a.md").write_text("# Alpha\n\nThe first letter of the alphabet is alpha.\n")
    (folder / "empty.txt").write_text("")
    done = assistant(home, "index", "add", str(folder), str(tmp_path / "none.pdf"), ok=False)
    assert f"added: {folder / 'a.md'}" in done.stdout
    assert f"Error: {folder / 'empty.txt'}: " in done.stderr
    assert f"Error: {tmp_path / 'none.pdf'}: " in done.stderr
    assert "unchanged" in assistant(home, "index", "add", str(folder / "a.md")).stdout
    (listed,) = json.loads(assistant(home, "index", "list", "--json").stdout)
    assert (listed["title"], listed["kind"]) == ("Alpha", "markdown")
    assert assistant(home, "index", "tag", "a.md", "Greek").stdout.endswith("a.md: greek\n")
    assert "greek" in assistant(home, "index", "list").stdout
    assert json.loads(assistant(home, "search", "alphabet", "--tag", "greek", "--json").stdout)
    assert json.loads(assistant(home, "search", "alphabet", "--tag", "latin", "--json").stdout) == []
    assert json.loads(assistant(home, "index", "status", "--json").stdout)["documents"] == 1
    assert "sound" in assistant(home, "index", "verify").stdout
    assert "no document" in assistant(home, "index", "remove", "nothing.md", ok=False).stderr.lower()
    assistant(home, "index", "remove", "a.md")
    assert json.loads(assistant(home, "index", "list", "--json").stdout) == []


def test_tools_list_names_broken_files(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module\n")
    done = assistant(home, "tools", "list", "--tools", str(tmp_path), ok=False)
    assert "search_documents" in done.stdout
    assert "calculator" in done.stdout
    assert "No module named 'no_such_module'" in done.stdout
    assert json.loads(assistant(home, "tools", "list", "--json").stdout)["broken"] == {}


def test_doctor_says_which_engine_and_why(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text("engine: builtin\n")
    shown = assistant(home, "doctor", "--config", str(config)).stdout
    assert "built-in, because the settings ask for it" in shown
    assert "assistant index add" in shown
    config.write_text(f"engine: {{url: {refused_url()}}}\n")
    assert "cannot be reached" in assistant(home, "doctor", "--config", str(config), ok=False).stdout


def test_doctor_tells_of_tools_that_cannot_be_had(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(
        "engine: builtin\ntools: {settings: {calculater: {digits: 3}}, mcp: {far: {command: no-such-program}}}\n"
    )
    shown = assistant(home, "doctor", "--config", str(config), ok=False).stdout
    assert "tools.settings.calculater is for no tool that there is" in shown
    assert "Did you mean calculator?" in shown
    assert "MCP server far" in shown


def test_doctor_knows_the_servers_models(home: Path, tmp_path: Path, model_server: ScriptedServer) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(f"engine: {{url: {model_server.url}, model: other}}\n")
    assert "has no model other" in assistant(home, "doctor", "--config", str(config), ok=False).stdout
    config.write_text(f"engine: {{url: {model_server.url}}}\n")
    assert "scripted at" in assistant(home, "doctor", "--config", str(config)).stdout


def test_a_served_model_streams_to_the_terminal(home: Path, tmp_path: Path, model_server: ScriptedServer) -> None:
    model_server.say(Calls([("calculator", {"expression": "6*7"})]), Text("The result is 42."))
    config = tmp_path / "c.yaml"
    config.write_text(f"engine: {{url: {model_server.url}, model: scripted}}\n")
    done = assistant(home, "ask", "What is six times seven?", "--config", str(config))
    assert "The result is 42." in done.stdout
    assert "✓ calculator(expression='6*7')" in done.stderr


def test_a_question_that_failed_is_gone_on_with(home: Path, tmp_path: Path, model_server: ScriptedServer) -> None:
    model_server.say(Calls([("calculator", {"expression": "6*7"})]), Status(400), Text("The result is 42."))
    config = tmp_path / "c.yaml"
    config.write_text(f"engine: {{url: {model_server.url}, model: scripted}}\n")
    failed = assistant(home, "ask", "What is six times seven?", "--config", str(config), ok=False)
    (error, hint) = failed.stderr.splitlines()[-2:]
    assert error == f"Error: The server at {model_server.url} answered 400: scripted failure."
    command = hint.rpartition(": assistant ")[2].split()
    done = assistant(home, *command, "--json", "--config", str(config))
    row = json.loads(done.stdout)
    assert (row["answer"], len(row["tool_calls"])) == ("The result is 42.", 1)
    assert len(model_server.requests) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", ""], "The question is empty"),
        (["ask", "hi", "--config", "none.yaml"], "There is no configuration file none.yaml"),
        (["ask", "hi", "--conversation", "none"], "There is no conversation 'none'"),
        (["batch", "none.jsonl", "-o", "out.jsonl"], "Cannot read none.jsonl"),
        (["search"], "Say what to look for"),
        (["index", "add"], "Missing argument"),
        (["fly"], "No such command"),
        (["index", "remove", "none"], "There is no library 'default'"),
        (["ui", "--host", "203.0.113.1"], "Without accounts the page is for this machine only, not for 203.0.113.1"),
    ],
)
def test_a_mistake_is_one_line(home: Path, arguments: list[str], said: str) -> None:
    done = assistant(home, *arguments, ok=False)
    assert said in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert len(errors) == 1


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = assistant(tmp_path / "file" / "home", "ask", "hi", ok=False)
    assert "choose another one (`home`, --home)" in done.stderr


def test_a_damaged_file_of_conversations_is_named_and_the_command_ends(home: Path) -> None:
    (home / "conversations.sqlite").write_bytes(b"no database at all" * 1000)
    assert "conversations.sqlite cannot be opened" in assistant(home, "ask", "What is 2+2?", ok=False).stderr


def test_a_megabyte_of_question_is_refused_quickly(home: Path) -> None:
    started = time.perf_counter()
    done = assistant(home, "ask", "-", ok=False, stdin="why " * 250_000)
    assert "1,000,000 characters" in done.stderr
    assert time.perf_counter() - started < 20


def test_names_from_outside_do_not_recolour_the_screen(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "whales"
    folder.mkdir()
    (folder / "red \x1b[31m\nname.txt").write_text("Whales sing. \x1b[31mThey do.")
    shown = assistant(home, "index", "add", str(folder)).stdout
    shown += assistant(home, "index", "list").stdout + assistant(home, "search", "whales").stdout
    assert r"red \x1b[31m\nname.txt" in shown
    assert "\x1b" not in shown
