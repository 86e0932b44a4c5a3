"""From a plugin file to its tools.

A plugin is a Python file, or a folder with an ``__init__.py`` where one file would be too long; its modules import each
other relatively. What begins with an underscore is no plugin.
"""

from __future__ import annotations

import importlib.util
import itertools
import logging
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

from assistant.errors import PluginError, said
from assistant.plugin import MARK, Unavailable
from assistant.schema import Tool, build_tool
from assistant.threads import Ended, within

log = logging.getLogger(__name__)

# Seconds that a plugin may take to be imported; heavy libraries belong into its functions.
IMPORT_SECONDS = 10.0

ToolsSettings = Mapping[str, Mapping[str, Any]]

# Each load gets a module of its own: a version that still works keeps everything that it refers to.
_numbers = itertools.count(1)


def builtin_folder() -> Path:
    """Returns the folder of the tools that ship: in a wheel it lies inside this package, in a checkout beside it."""
    inside = Path(__file__).parent / "builtin_tools"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "tools"


def plugin_name(path: Path) -> str:
    """Returns what a plugin is called: its file's name, or its folder's."""
    return path.parent.name if path.name == "__init__.py" else path.stem


def load_file(path: Path, settings: ToolsSettings | None = None, *, seconds: float = IMPORT_SECONDS) -> list[Tool]:
    """Loads one plugin file.

    Args:
        path: The file, or the ``__init__.py`` of a folder.
        settings: What the configuration says to each tool, by name.
        seconds: How long the import may take.

    Raises:
        PluginError: The file raises when it is imported or takes too long, holds no tool, a tool of it is malformed,
            or its settings do not fit.
        Unavailable: The plugin says that this machine lacks something.
    """
    module = _import(path, seconds)
    shared = (settings or {}).get(plugin_name(path), {})
    return _made(str(path), seconds, lambda: _tools_of(module, str(path), settings or {}, shared))


def load_entry_point(entry: EntryPoint, settings: ToolsSettings | None = None) -> list[Tool]:
    """Loads the tools that an installed package offers: a module, or one function marked with ``@tool``.

    Raises:
        PluginError: As for ``load_file``.
        Unavailable: The plugin says that this machine lacks something.
    """
    source = f"entry point {entry.name} = {entry.value}"
    return _made(source, IMPORT_SECONDS, lambda: _offered(entry.load(), source, settings or {}))


def _made(source: str, seconds: float, make: Callable[[], list[Tool]]) -> list[Tool]:
    """Lets a plugin's own code run, which may take too long and raise anything."""
    try:
        return within(seconds, make)
    except (PluginError, Unavailable):
        raise
    except Exception as error:
        raise PluginError(f"{source}: {_reason(error)}") from error


def _offered(found: Any, source: str, settings: ToolsSettings) -> list[Tool]:
    if isinstance(found, ModuleType):
        return _tools_of(found, source, settings)
    if not hasattr(found, MARK):
        raise PluginError(f"{source} is no module and no function marked with @tool.")
    return [build_tool(found, source, settings.get(found.__name__))]


def _tools_of(
    module: ModuleType, source: str, settings: ToolsSettings, shared: Mapping[str, Any] | None = None
) -> list[Tool]:
    """Makes the tools of a module; ``shared`` is what the configuration says to the plugin, and so to each of them."""
    functions = [value for value in vars(module).values() if hasattr(value, MARK) and _is_of(value, module)]
    if not functions:
        raise PluginError(f"{source} holds no tool; mark a function with @tool (from assistant.plugin import tool).")
    return [build_tool(each, source, {**(shared or {}), **settings.get(each.__name__, {})}) for each in functions]


def _is_of(value: Any, module: ModuleType) -> bool:
    """Whether a function was defined in a plugin, and not imported from another one."""
    home = str(value.__module__)
    return home == module.__name__ or home.startswith(f"{module.__name__}.")


class _Source(SourceFileLoader):
    """Always reads the source: compiled files go by the second, and an edit may come sooner after the last one."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Tells of no time of change, so that no compiled file is looked for or written."""
        raise OSError(path)


def _import(path: Path, seconds: float) -> ModuleType:
    name = f"assistant_plugin_{plugin_name(path)}_{next(_numbers)}"
    modules = [str(path.parent)] if path.name == "__init__.py" else None
    loader = _Source(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader, submodule_search_locations=modules)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # annotations are looked up through it
    try:
        within(seconds, lambda: loader.exec_module(module))
    except Exception as error:
        sys.modules.pop(name, None)
        if isinstance(error, Unavailable):
            raise
        raise PluginError(f"{path}: {_where(error, path)}{_reason(error)}") from error
    return module


def _where(error: Exception, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: "
    trace, line = error.__traceback__, None
    while trace:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: " if line else ""


def _reason(error: Exception) -> str:
    text = said(error) if isinstance(error, TimeoutError | Ended) else f"{type(error).__name__}: {said(error)}"
    return " ".join(text.split())
