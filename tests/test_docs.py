"""README and docs are true: their commands run, their snippets work, their links lead somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from assistant.settings import load_settings

# One after the other, since a command may go on with what an earlier one made.
pytestmark = pytest.mark.xdist_group("docs")
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {page.name: page.read_text() for page in PAGES}
# These are run elsewhere: `make test` and `make check` by .ci/run, what `make run` starts by tests/ui.
ELSEWHERE = re.compile(r"^(make \w+|source \.venv/bin/activate)$")
# These go on until somebody ends them; tests/ui, test_cli.py and test_mcp.py drive them.
ENDLESS = re.compile(r"^assistant (ui|chat|mcp|index watch)\b")
PLACEHOLDER = re.compile(r"\b[A-Z]{2,}\b|…|\bmy\.yaml\b")


def blocks(language: str) -> list[str]:
    return [block for text in TEXTS.values() for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)]


def lines() -> list[str]:
    return [line for block in blocks("sh") for line in block.splitlines() if line and not line.startswith("#")]


def inline() -> list[str]:
    found = [code for text in TEXTS.values() for code in re.findall(r"`(assistant [a-z][^`]*)`", text)]
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like a checkout to the commands, with the README's plugin and settings in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("assistant", "configs"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "my-tools").mkdir()
    (plugin,) = [block for block in blocks("python") if "roll_dice" in block]
    (folder / "my-tools" / "dice.py").write_text(plugin)
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


def test_the_commands_run_in_the_order_in_which_they_stand(folder: Path) -> None:
    commands = [line for line in lines() if not ELSEWHERE.match(line)]
    shown = {command: run(command, folder) for command in commands}
    assert "293" in shown['assistant ask "What is 12.5 % of 2,480, minus 17?"']
    assert len(commands) >= 7


@pytest.mark.parametrize("command", inline())
def test_the_commands_in_the_text_run(folder: Path, command: str) -> None:
    if PLACEHOLDER.search(command) or ENDLESS.match(command):
        words = command.split()[1:]
        known = [word for word in words if re.fullmatch(r"[a-z]+", word)][: 2 if words[0] in ("index", "tools") else 1]
        assert "Usage:" in run(f"assistant {' '.join(known)} --help", folder)
    else:
        run(command, folder)


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
