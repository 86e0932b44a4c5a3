"""From folders of plugin files to tools: a broken file is named with its reason, the rest load.

A plugin is a Python file, or a folder with an ``__init__.py`` where one file would be too long; its modules import each
other relatively. What begins with an underscore is no plugin.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from assistant.errors import PluginError
from assistant.plugin import MARK, Unavailable
from assistant.schema import Tool, build_tool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What was found in the folders.

    Attributes:
        tools: By name.
        broken: One line for each file that could not be loaded, by path.
        absent: One line for each plugin that this machine lacks something for, by name.
    """

    tools: Mapping[str, Tool]
    broken: Mapping[str, str]
    absent: Mapping[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Lets the tools do beforehand what would make the first call wait."""
        for tool in self.tools.values():
            if tool.options.prepare is None:
                continue
            try:
                tool.options.prepare()
            except Exception:  # its first call tells what is wrong
                log.exception("preparing the tool %s failed", tool.name)


def builtin_folder() -> Path:
    """Returns the folder of the tools that ship: in a wheel it lies inside this package, in a checkout beside it."""
    inside = Path(__file__).parent / "builtin_tools"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "tools"


def load_tools(folders: Iterable[Path]) -> Toolbox:
    """Loads every plugin of the folders.

    Args:
        folders: In order; the tools that ship come first.

    Returns:
        The tools, and the files that were refused with the reason of each.
    """
    tools: dict[str, Tool] = {}
    broken: dict[str, str] = {}
    absent: dict[str, str] = {}
    for folder in folders:
        if not folder.is_dir():
            broken[str(folder)] = f"{folder} is no folder; check tools.folders in the settings or --tools."
            continue
        for path in sorted([*folder.glob("[!_]*.py"), *folder.glob("[!_]*/__init__.py")]):
            try:
                _load_into(tools, broken, path)
            except Unavailable as error:
                absent[_name(path)] = str(error)
                log.info("tool %s is absent: %s", _name(path), error)
    return Toolbox(MappingProxyType(tools), MappingProxyType(broken), MappingProxyType(absent))


def _name(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def _load_into(tools: dict[str, Tool], broken: dict[str, str], path: Path) -> None:
    try:
        found = load_file(path)
        for tool in found:
            if tool.name in tools:
                other = tools[tool.name].source
                raise PluginError(f"{path}: a tool named '{tool.name}' is already defined in {other}; rename one.")
    except PluginError as error:
        log.warning("%s", error, exc_info=error)
        broken[str(path)] = str(error)
    else:
        tools.update({tool.name: tool for tool in found})


def load_file(path: Path) -> list[Tool]:
    """Loads one plugin file.

    Raises:
        PluginError: The file raises when it is imported, holds no tool, or a tool of it is malformed.
        Unavailable: The plugin says that this machine lacks something.
    """
    module = _import(path)
    functions = [value for value in vars(module).values() if hasattr(value, MARK) and _is_of(value, module)]
    if not functions:
        raise PluginError(f"{path} holds no tool; mark a function with @tool (from assistant.plugin import tool).")
    return [build_tool(function, path) for function in functions]


def _is_of(value: Any, module: ModuleType) -> bool:
    """Whether a function was defined in a plugin, and not imported from another one."""
    home = str(value.__module__)
    return home == module.__name__ or home.startswith(f"{module.__name__}.")


def _import(path: Path) -> ModuleType:
    # The path is part of the name, so that two folders may hold files of one name.
    is_package = path.name == "__init__.py"
    name = f"assistant_plugin_{_name(path)}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    modules = [str(path.parent)] if is_package else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=modules)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} cannot be loaded as a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up through it
    try:
        spec.loader.exec_module(module)
    except BaseException as error:  # a plugin may raise anything, SystemExit included
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt | Unavailable):
            raise
        raise PluginError(f"{path}: {_where(error, path)}{type(error).__name__}: {error}") from error
    return module


def _where(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    trace, line = error.__traceback__, None
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line else ""
