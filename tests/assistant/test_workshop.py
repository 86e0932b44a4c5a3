"""Writing, checking and calling a tool from the terminal, as its developer does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from assistant.cli import cli
from assistant.errors import PluginError
from assistant.loader import builtin_folder, load_file
from assistant.toolbox import load_tools
from assistant.workshop import arguments_of, check, find, new

WORLDLY = '''
from assistant.plugin import Context, tool

@tool(touches=["world"], approval="always")
def ring(bell: str, ctx: Context) -> str:
    """Ring a bell that somebody hears.

    Args:
        bell: Which.
    """
    ctx.progress("ringing", 0.5)
    ctx.save("rung.txt", bell)
    return f"rang {bell}"
'''


def run(*words: str, home: Path) -> Result:
    return CliRunner().invoke(cli, ["--home", str(home), *words], standalone_mode=True)


def remarks(tmp_path: Path, code: str) -> list[str]:
    path = tmp_path / "thing.py"
    path.write_text(code)
    return [f"{remark.kind}: {remark.text}" for remark in check(path)]


def test_a_new_tool_works_and_passes_its_test(tmp_path):
    file, test = new("greet_people", tmp_path / "made")
    assert [tool.name for tool in load_file(file)] == ["greet_people"]
    assert list(check(file)) == []
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", str(test)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout
    assert set(load_tools([file.parent]).broken) == set()


@pytest.mark.parametrize(
    "name", ["two words", "1st", "class", "_hidden", "test_it", "conftest", "json", "calculator", "../up", ""]
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path, name):
    with pytest.raises(PluginError, match=r"choose another name|is no name"):
        new(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "test_greet.py").write_text("mine")
    with pytest.raises(PluginError, match=r"test_greet.py is there already"):
        new("greet", tmp_path)
    assert not (tmp_path / "greet.py").exists()


def test_the_check_names_the_line_of_what_is_wrong(tmp_path):
    assert "thing.py: line 2:" in remarks(tmp_path, "x = 1\ndef broken(:\n")[0]
    found = remarks(tmp_path, "import missing_module_of_nobody\n")[0]
    assert "line 1: ModuleNotFoundError" in found
    assert "holds no tool" in remarks(tmp_path, "x = 1\n")[0]
    assert "is no file" in next(check(tmp_path / "none.py")).text


CHECKED = ("one.py", "two/__init__.py")


def test_the_check_of_a_folder_checks_each_tool_in_it(tmp_path):
    for path in (tmp_path / name for name in (*CHECKED, "test_one.py")):
        path.parent.mkdir(exist_ok=True)
        path.write_text("x = 1\n")
    found = [remark.text for remark in check(tmp_path)]
    assert [text.partition(" holds no tool")[0] for text in found] == [str(tmp_path / name) for name in CHECKED]
    (tmp_path / "empty").mkdir()
    assert "no folder of tools" in next(check(tmp_path / "empty")).text


def test_the_check_names_a_tool_that_ships_with_the_assistant(tmp_path):
    code = WORLDLY.replace("def ring", "def calculator")
    assert f"error: {tmp_path / 'thing.py'}: a tool named 'calculator' ships" in remarks(tmp_path, code)[0]
    assert not [each for each in check(builtin_folder() / "calculator") if "ships" in each.text]


def test_the_check_lints_and_gives_hints(tmp_path):
    code = (
        "import time\nfrom assistant.plugin import tool\n@tool\nasync def nap(s: int, more: list = []) -> int:\n"
        '    """Nap."""\n    time.sleep(s)\n    return undefined\n'
    )
    found = "\n".join(remarks(tmp_path, code))
    for expected in (
        ":6: ASYNC251",
        ":7: F821",
        ":4: B006",
        "parameter 's' is not described",
        "say in a sentence",
        "examples=",
        "no test",
    ):
        assert expected in found


def test_arguments_are_read_by_their_types(tmp_path):
    (tmp_path / "t.py").write_text(
        "from assistant.plugin import tool\n@tool\ndef t(text: str, count: int = 1, many: list[str] = [], "
        "maybe: str | None = None, on: bool = False) -> str:\n"
        '    """Take all kinds of arguments."""\n    return text\n'
    )
    (tool,) = load_file(tmp_path / "t.py")
    given = ["text=12", "count=12", "many=a", "many=b", "maybe=null", "on=true"]
    assert arguments_of(tool, given) == {"text": "12", "count": 12, "many": ["a", "b"], "maybe": None, "on": True}
    assert arguments_of(tool, ["many=one"]) == {"many": ["one"]}
    assert arguments_of(tool, ["text=a=b"], '{"count": 3}') == {"text": "a=b", "count": 3}
    for bad in ("[1]", "{"):
        with pytest.raises(PluginError, match="--json"):
            arguments_of(tool, [], bad)
    with pytest.raises(PluginError, match="write it as name=value"):
        arguments_of(tool, ["text"])


def test_an_unknown_tool_is_named_with_a_near_one(tmp_path):
    with pytest.raises(PluginError, match="did you mean 'calculator'"):
        find({"calculator": None}, "calculater")


def test_a_call_needs_the_same_approval_as_in_a_conversation(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "ring.py").write_text(WORLDLY)
    words = [
        "tools",
        "run",
        "ring",
        "--tools",
        str(tmp_path / "tools"),
        "--arg",
        "bell=door",
        "--folder",
        str(tmp_path / "f"),
    ]
    refused = run(*words, home=tmp_path / "home")
    assert isinstance(refused.exception, PluginError)
    assert "the tool wants every call approved; --yes approves it" in str(refused.exception)
    assert not (tmp_path / "f").exists()
    done = run(*words, "--yes", home=tmp_path / "home")
    assert (done.exit_code, done.stdout) == (0, "rang door\n")
    assert "50% ringing" in done.stderr
    assert f"saved {tmp_path / 'f' / 'rung.txt'}" in done.stderr
    policy = tmp_path / "policy.yaml"
    policy.write_text("- {tool: ring, arguments: {bell: door}, decide: approve}\n")
    assert run(*words, "--policy", str(policy), home=tmp_path / "home").exit_code == 0


def test_what_the_tool_refuses_is_one_line_and_an_exit_code(tmp_path):
    done = run("tools", "run", "calculator", "--json", '{"expression": "1/0"}', home=tmp_path)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")
    good = run("tools", "run", "calculator", "--arg", "expression=6*7", home=tmp_path)
    assert json.loads(good.stdout)["value"] == "42"


def test_the_three_commands_go_together(tmp_path):
    home = tmp_path / "home"
    folder = str(tmp_path / "mine")
    assert "wrote" in run("tools", "new", "echo_text", "--folder", folder, home=home).stdout
    assert run("tools", "check", f"{folder}/echo_text.py", home=home).exit_code == 0
    assert run("tools", "run", "echo_text", "--tools", folder, "--arg", "text=a", home=home).stdout == "a a\n"
    (tmp_path / "mine" / "echo_text.py").write_text("def broken(:")
    assert run("tools", "check", f"{folder}/echo_text.py", home=home).exit_code == 1
