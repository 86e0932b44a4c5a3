"""All tools there are: read from folders and packages, read again when a file changes, the last good version kept."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType

from assistant.errors import PluginError
from assistant.loader import ToolsSettings, load_entry_point, load_file, plugin_name
from assistant.plugin import Unavailable
from assistant.schema import Tool

log = logging.getLogger(__name__)

ENTRY_POINTS = "assistant.tools"

# A plugin's files, each with its time of change and its size.
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Toolbox:
    """What was found, at one moment.

    Attributes:
        tools: By name.
        broken: One line for each plugin that could not be loaded, by where it comes from.
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
                tool.options.prepare(*([tool.settings] if tool.options.settings else []))
            except Exception:  # its first call tells what is wrong
                log.exception("preparing the tool %s failed", tool.name)


@dataclass(slots=True)
class _Plugin:
    """What is known of one plugin.

    Attributes:
        stamp: Its files when it was read last.
        tools: Its last good version.
        error: Why the newest version cannot be used; empty where it can.
        absent: What this machine lacks for it; empty where nothing.
    """

    stamp: Stamp = ()
    tools: Sequence[Tool] = ()
    error: str = ""
    absent: str = ""


class Plugins:
    """Watches the places that tools come from.

    Attributes:
        toolbox: What was found at the last look.
        still: Whether it stays so, as in a batch, whose rows are to find the same tools.

    Args:
        folders: Folders of plugin files, in order; the tools that ship come first.
        settings: What the configuration says to each tool, by name.
        others: Tools that come from elsewhere, such as MCP servers.
        broken: Why some of those could not be had, by where they come from.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        settings: ToolsSettings | None = None,
        others: Sequence[Tool] = (),
        broken: Mapping[str, str] | None = None,
    ) -> None:
        self._folders = list(dict.fromkeys(folders))
        self._settings = settings or {}
        self._others = others
        self._unreachable = broken or {}
        self._known: dict[Path, _Plugin] = {}
        self._packages = self._read_packages()
        self._lock = threading.Lock()
        self.still = False
        self.toolbox = Toolbox({}, {})
        self.refresh()

    def refresh(self) -> Toolbox:
        """Reads what has changed since the last time; quick where nothing has.

        A changed plugin that is broken is reported, and its last good version keeps working. One that was deleted is
        gone. While another thread reads, which a plugin may draw out, nobody waits for it.

        Returns:
            What there is now; also kept as ``toolbox``.
        """
        if self.still or not self._lock.acquire(blocking=False):
            return self.toolbox
        try:
            found = {path: _stamp(path) for folder in self._folders for path in plugin_files(folder)}
            changed = [path for path, stamp in found.items() if self._of(path).stamp != stamp]
            gone = self._known.keys() - found.keys()
            for path in changed:
                self._read(path, found[path])
            for path in gone:
                del self._known[path]
            if changed or gone or not self.toolbox.tools:
                before, self.toolbox = self.toolbox, self._gather([self._known[path] for path in found], found)
                _log_clashes(before.broken, self.toolbox.broken)
            return self.toolbox
        finally:
            self._lock.release()

    def _of(self, path: Path) -> _Plugin:
        return self._known.setdefault(path, _Plugin())

    def _read(self, path: Path, stamp: Stamp) -> None:
        plugin = self._of(path)
        plugin.stamp, plugin.error, plugin.absent = stamp, "", ""
        try:
            plugin.tools = load_file(path, self._settings)
        except PluginError as error:
            plugin.error = str(error)
            log.warning("%s", error, exc_info=error)
        except Unavailable as error:
            plugin.tools, plugin.absent = (), str(error)
            log.info("tool %s is absent: %s", plugin_name(path), error)
        else:
            log.info("loaded %s from %s", ", ".join(tool.name for tool in plugin.tools), path)

    def _gather(self, plugins: Sequence[_Plugin], paths: Iterable[Path]) -> Toolbox:
        tools: dict[str, Tool] = {}
        broken = {str(folder): _no_folder(folder) for folder in self._folders if not folder.is_dir()} | dict(
            self._unreachable
        )
        absent = {}
        named = [(str(path), plugin_name(path), plugin) for path, plugin in zip(paths, plugins, strict=True)]
        for source, name, plugin in [*named, *self._packages]:
            if plugin.absent:
                absent[name] = plugin.absent
            elif error := plugin.error or _clash(plugin.tools, tools):
                broken[source] = error if not (plugin.error and plugin.tools) else f"{error} {_KEPT}"
            if not _clash(plugin.tools, tools):
                tools |= {tool.name: tool for tool in plugin.tools}
        for tool in self._others:
            if clash := _clash([tool], tools):
                broken[f"{tool.source}: {tool.name}"] = clash
            else:
                tools[tool.name] = tool
        return Toolbox(MappingProxyType(tools), MappingProxyType(broken), MappingProxyType(absent))

    def _read_packages(self) -> list[tuple[str, str, _Plugin]]:
        """Packages cannot change while the program runs, so they are read once."""
        found = []
        for entry in entry_points(group=ENTRY_POINTS):
            plugin = _Plugin()
            try:
                plugin.tools = load_entry_point(entry, self._settings)
            except PluginError as error:
                plugin.error = str(error)
                log.warning("%s", error, exc_info=error)
            except Unavailable as error:
                plugin.absent = str(error)
            found.append((f"entry point {entry.name}", entry.name, plugin))
        return found


_CLASH = "is already defined in"
_KEPT = "The last good version keeps working."


def load_tools(folders: Iterable[Path], settings: ToolsSettings | None = None) -> Toolbox:
    """Returns the tools of folders and packages as they are now; see ``Plugins``."""
    return Plugins(folders, settings).toolbox


def plugin_files(folder: Path) -> Iterator[Path]:
    """Yields the files that a folder of tools is loaded from, a plugin's folder as its ``__init__.py``."""
    found = sorted([*folder.glob("[!_.]*.py"), *folder.glob("[!_.]*/__init__.py")])
    yield from (path for path in found if not is_test(path))


def is_test(path: Path) -> bool:
    """Whether a file is a test beside a plugin, which pytest reads and nobody else."""
    return path.name == "conftest.py" or path.name.startswith("test_")


def _stamp(path: Path) -> Stamp:
    try:
        if path.name == "__init__.py":
            return tuple(sorted(_sources(str(path.parent))))
        status = path.stat()
    except OSError:  # deleted or replaced at this moment; the next look sees what became of it
        return ()
    return ((str(path), status.st_mtime_ns, status.st_size),)


def _sources(folder: str) -> Iterator[tuple[str, int, int]]:
    """Yields the stamps of a folder's modules, before every turn: pathlib would take three times as long."""
    for entry in os.scandir(folder):
        if entry.name.endswith(".py"):
            status = entry.stat()
            yield entry.path, status.st_mtime_ns, status.st_size
        elif entry.is_dir() and entry.name.isidentifier() and entry.name != "__pycache__":
            yield from _sources(entry.path)


def _clash(new: Sequence[Tool], tools: Mapping[str, Tool]) -> str:
    for tool in new:
        if other := tools.get(tool.name):
            return f"{tool.source}: a tool named '{tool.name}' {_CLASH} {other.source}; rename one."
    return ""


def _log_clashes(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Logs what is newly broken because of what stands elsewhere; the reading of a file logs its own faults."""
    for source, reason in now.items():
        if before.get(source) != reason and (_CLASH in reason or not Path(source).is_file()):
            log.warning("%s", reason)


def _no_folder(folder: Path) -> str:
    return f"{folder} is no folder; check tools.folders in the settings or --tools."
