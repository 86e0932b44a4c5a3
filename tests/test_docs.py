"""README and docs are true: their commands run, their snippets work, their links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assistant.settings_file import load_settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.name: page.read_text() for page in PAGES}
# These are run elsewhere: `make test` and `make check` by .ci/run, what `make run` starts by tests/ui.
ELSEWHERE = re.compile(r"^(make \w+|source \.venv/bin/activate)$")
# These go on until somebody ends them; tests/ui, tests/api, test_cli.py and test_mcp.py drive them.
ENDLESS = re.compile(r"^assistant (ui|chat|mcp|serve|index watch)\b")
PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b|…|\bmy\.yaml\b")


def blocks(language: str) -> list[str]:
    return [block for text in TEXTS.values() for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)]


def commands(text: str) -> list[str]:
    """The commands of a page, in the order in which they stand, since one may go on with what another made."""
    found: list[str] = []
    for block, code in re.findall(r"^```sh\n(.*?)^```|`(assistant [a-z][^`\n]*)`", text, re.M | re.S):
        found += [line for line in block.splitlines() if line and not line.startswith("#")] or [code]
    return [command for command in dict.fromkeys(found) if command and not ELSEWHERE.match(command)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a checkout to the commands, with the samples added and the README's plugin in it."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("assistant", "configs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "my-tools").mkdir()
    (plugin,) = [block for block in blocks("python") if "roll_dice" in block]
    (folder / "my-tools" / "dice.py").write_text(plugin)
    run("assistant index add assistant/samples/documents", folder)
    return folder


def run(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = os.environ | {"ASSISTANT_HOME": str(folder / "home"), "PATH": path}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", [name for name, text in TEXTS.items() if commands(text)])
def test_the_commands_run_in_the_order_in_which_they_stand(folder: Path, page: str) -> None:
    shown = {command: attempt(command, folder) for command in commands(TEXTS[page])}
    if page == "README.md":
        assert "293" in shown['assistant ask "What is 12.5 % of 2,480, minus 17?"']


def attempt(command: str, folder: Path) -> str:
    """What the command prints; of one that cannot be run as it stands, whether there is such a command."""
    if not PLACEHOLDER.search(command) and not ENDLESS.match(command):
        return run(command, folder)
    words = command.split()[1:]
    known = [word for word in words if re.fullmatch(r"[a-z]+", word)][: 2 if words[0] in ("index", "tools") else 1]
    usage = run(f"assistant {' '.join(known)} --help", folder)
    assert "Usage:" in usage
    return usage


def test_the_readme_plugin_rolls(folder: Path) -> None:
    assert "roll_dice" in run('assistant ask --tools my-tools "roll two dice"', folder)


def test_the_settings_shown_are_settings(tmp_path: Path) -> None:
    shown = blocks("yaml")
    assert shown
    for block in shown:
        assert yaml.safe_load(block)
        (tmp_path / "c.yaml").write_text(block)
        load_settings(tmp_path / "c.yaml")


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_to_files(name: str) -> None:
    page = next(page for page in PAGES if page.name == name)
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXTS[name]) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_map_of_the_architecture_names_what_is_there() -> None:
    text = TEXTS["architecture.md"]
    modules = [path for path in (ROOT / "assistant").glob("*.py") if not path.name.startswith("__")]
    assert [path.name for path in modules if path.name not in text] == []
