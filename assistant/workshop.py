"""For those who write tools: a file to start from, a check of what is wrong with one, and a call from the terminal."""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from assistant.errors import PluginError
from assistant.loader import builtin_folder, load_file, plugin_name
from assistant.plugin import Unavailable
from assistant.schema import Tool
from assistant.toolbox import plugin_files

RULES = "E4,E7,E9,F,B,ASYNC,S102,S307"  # what is wrong rather than a matter of taste; eval and exec among it
LINT_SECONDS = 30
SHORT = 15  # characters; a shorter description hardly tells a model when to choose the tool


@dataclass(frozen=True, slots=True)
class Remark:
    """What a check has to say.

    Attributes:
        kind: An ``error`` keeps the tool from being loaded or is a bug; a ``hint`` makes it better.
        text: One line that names the place.
    """

    kind: Literal["error", "hint"]
    text: str


def new(name: str, folder: Path) -> tuple[Path, Path]:
    """Writes a tool that works and its test.

    Args:
        name: Of the tool, and of its file.
        folder: Made where there is none.

    Returns:
        The tool's file and the test's.

    Raises:
        PluginError: The name cannot be used, or a file of that name is there.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith(("_", "test_")) or name == "conftest":
        raise PluginError(f"'{name}' is no name for a tool; take a word like roll_dice.")
    if name in sys.stdlib_module_names:
        raise PluginError(f"'{name}' is a module of Python's own, which the file would hide; choose another name.")
    if _ships(name):
        raise PluginError(f"A tool named '{name}' ships with the assistant; choose another name.")
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in paths:
        if path.exists():
            raise PluginError(f"{path} is there already; choose another name, or remove it first.")
    for path, template in zip(paths, ("tool.py.txt", "test_tool.py.txt"), strict=True):
        text = (files("assistant") / "templates" / template).read_text(encoding="utf-8")
        path.write_text(text.replace("NAME", name).replace("WORDS", name.replace("_", " ")), encoding="utf-8")
    return paths


def _ships(name: str) -> bool:
    return (builtin_folder() / f"{name}.py").exists() or (builtin_folder() / name).exists()


def check(path: Path, settings: Mapping[str, Mapping[str, Any]] | None = None) -> Iterator[Remark]:
    """Loads a tool file as the assistant does, and lints it.

    Args:
        path: The file, a plugin's folder, or a folder of tools, of which each is checked.
        settings: What the configuration says to each tool, by name.
    """
    if path.is_dir() and not (path / "__init__.py").exists() and (found := list(plugin_files(path))):
        for each in found:
            yield from check(each.parent if each.name == "__init__.py" else each, settings)
        return
    file = path / "__init__.py" if path.is_dir() else path
    if not file.is_file():
        yield Remark("error", f"{path} is no file, no folder of tools, and no folder with an __init__.py.")
        return
    try:
        tools = load_file(file, settings)
    except PluginError as error:
        yield Remark("error", str(error))
        tools = []
    except Unavailable as error:
        yield Remark("hint", f"{file}: this machine lacks something for it: {error}")
        tools = []
    own = file.resolve().is_relative_to(builtin_folder().resolve())
    for tool in tools:
        if _ships(tool.name) and not own:
            yield Remark("error", f"{file}: a tool named '{tool.name}' ships with the assistant; rename this one.")
        yield from _advice(tool)
    yield from _lint(path)
    if tools and not (file.parent / f"test_{plugin_name(file)}.py").exists() and path == file:
        yield Remark("hint", f"{file}: it has no test; `assistant tools new` shows what one looks like.")


def _advice(tool: Tool) -> Iterator[Remark]:
    where = f"{tool.source}: {tool.name}"
    if len(tool.description) < SHORT:
        yield Remark("hint", f"{where}: the model chooses by the description; say in a sentence what the tool does.")
    for name, schema in tool.parameters.get("properties", {}).items():
        if not schema.get("description"):
            yield Remark("hint", f"{where}: parameter '{name}' is not described under Args in the docstring.")
    if not tool.options.examples:
        yield Remark("hint", f"{where}: examples=[…] would let the built-in engine choose it better.")


def _lint(path: Path) -> Iterator[Remark]:
    ruff = Path(sysconfig.get_path("scripts")) / ("ruff.exe" if sys.platform == "win32" else "ruff")
    if not ruff.exists():
        yield Remark("hint", f"{path}: not linted, since ruff is not installed; `pip install ruff` adds that.")
        return
    command = [str(ruff), "check", "--isolated", "--no-cache", "--select", RULES, "--output-format", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LINT_SECONDS, check=False)  # noqa: S603
    for found in json.loads(done.stdout or "[]"):
        if found["code"] is not None and found["code"] != "invalid-syntax":  # which loading has told
            yield Remark("error", f"{found['filename']}:{found['location']['row']}: {found['code']} {found['message']}")


def find(tools: Mapping[str, Tool], name: str) -> Tool:
    """Returns the tool of a name.

    Raises:
        PluginError: There is none; the text names one that is meant perhaps.
    """
    if name in tools:
        return tools[name]
    near = get_close_matches(name, tools, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "`assistant tools list` shows what there is."
    raise PluginError(f"There is no tool named '{name}'; {hint}")


def arguments_of(tool: Tool, given: Sequence[str], base: str | None = None) -> dict[str, Any]:
    """Reads arguments from a command line.

    Args:
        tool: Whose they are; its schema tells texts from other values.
        given: ``name=value`` each; a name that comes twice makes a list.
        base: A JSON object to begin with.

    Raises:
        PluginError: One of them is not of this form.
    """
    found: dict[str, Any] = {}
    if base is not None:
        try:
            found = json.loads(base)
        except ValueError as error:
            raise PluginError(f"--json is not valid JSON: {error}") from error
        if not isinstance(found, dict):
            raise PluginError('--json has to be an object, such as {"count": 2}.')
    seen: set[str] = set()
    for one in given:
        name, equals, text = one.partition("=")
        if not equals:
            raise PluginError(f"--arg {one}: write it as name=value.")
        value = _value(text, tool.parameters.get("properties", {}).get(name, {}))
        found[name] = value if name not in seen else [*_listed(found[name]), *_listed(value)]
        seen.add(name)
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", ()))}
    if "string" in kinds and text != "null":
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return [value] if "array" in kinds and not isinstance(value, list | None) else value
