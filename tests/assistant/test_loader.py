from pathlib import Path

import pytest

from assistant.errors import PluginError
from assistant.loader import builtin_folder, load_file
from assistant.plugin import tool
from assistant.toolbox import load_tools

DICE = '''
from assistant.plugin import Context, ToolError, tool

@tool(examples=["roll two dice"], timeout=5)
def roll_dice(count: int, ctx: Context, sides: int = 6) -> list[int]:
    """Roll dice and return each value.

    Args:
        count: How many dice, 1 to 100.
        sides: Faces on each die.
    """
    return [ctx.random.randint(1, sides) for _ in range(count)]
'''


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_signature_and_docstring_are_the_schema(tmp_path: Path) -> None:
    (dice,) = load_file(write(tmp_path, "dice.py", DICE))
    assert (dice.name, dice.context, dice.options.timeout) == ("roll_dice", "ctx", 5)
    assert dice.parameters["required"] == ["count"]
    properties = dice.parameters["properties"]
    assert properties["count"] == {"description": "How many dice, 1 to 100.", "title": "Count", "type": "integer"}
    assert properties["sides"]["default"] == 6
    assert "ctx" not in properties
    assert "Examples of requests:\n- roll two dice" in dice.for_model["function"]["description"]


def test_richer_parameters_map(tmp_path: Path) -> None:
    text = '''
from typing import Annotated, Literal
from pydantic import BaseModel, Field
from assistant.plugin import tool
from assistant.toolbox import load_tools

class Point(BaseModel):
    x: float
    y: float

@tool
def draw(shape: Literal["circle", "square"], at: Point, sizes: Annotated[list[int], Field(max_length=3)],
         note: str | None = None) -> str:
    """Draw a shape."""
    return shape
'''
    (draw,) = load_file(write(tmp_path, "draw.py", text))
    properties = draw.parameters["properties"]
    assert properties["shape"]["enum"] == ["circle", "square"]
    assert properties["sizes"]["maxItems"] == 3
    assert "Point" in draw.parameters["$defs"]
    assert draw.parameters["required"] == ["shape", "at", "sizes"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:\n", "line 1: SyntaxError"),
        ("x = 1\n\nimport no_such_module_here\n", "line 3: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", "line 1: SystemExit: 3"),
        ("x = 1\n", "holds no tool"),
        ("from assistant.plugin import tool\n@tool\ndef f(x: int) -> int:\n    return x\n", "needs a docstring"),
        ('from assistant.plugin import tool\n@tool\ndef f(x) -> int:\n    """F."""\n', "needs a type annotation"),
        ('from assistant.plugin import tool\n@tool\ndef f(x: "Foo") -> int:\n    """F."""\n', "cannot be used"),
        ('from assistant.plugin import tool\n@tool\ndef f(*x: int) -> int:\n    """F."""\n', "may not take"),
        ('from assistant.plugin import tool\n@tool\ndef f(x: object()) -> int:\n    """F."""\n', "'f'"),
        ('from assistant.plugin import tool\n@tool\ndef größe() -> int:\n    """G."""\n', "at most 64 letters"),
        (f'from assistant.plugin import tool\n@tool\ndef {"f" * 65}() -> int:\n    """F."""\n', "at most 64 letters"),
        ("from assistant.plugin import tool\n@tool(timout=3)\ndef f(): ...\n", "no 'timout'; did you mean 'timeout'?"),
        ("from assistant.plugin import tool\n@tool(colour=3)\ndef f(): ...\n", "it takes examples, timeout, approval"),
        ("class Odd:\n    def __getattr__(self, name): raise RuntimeError('odd')\nodd = Odd()\n", "RuntimeError: odd"),
        ("class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute\n", "line 3: Mute: it does not"),
    ],
)
def test_a_broken_file_is_named_with_its_reason_and_the_rest_load(tmp_path: Path, text: str, said: str) -> None:
    broken = write(tmp_path, "a_broken.py", text)
    write(tmp_path, "dice.py", DICE)
    toolbox = load_tools([tmp_path])
    assert list(toolbox.tools) == ["roll_dice"]
    assert said in toolbox.broken[str(broken)]
    assert str(broken) in toolbox.broken[str(broken)]
    assert "\n" not in toolbox.broken[str(broken)]


def test_two_tools_of_one_name_name_both_files(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.py", DICE), write(tmp_path, "b.py", DICE)
    toolbox = load_tools([tmp_path])
    assert toolbox.tools["roll_dice"].source == str(first)
    assert str(first) in toolbox.broken[str(second)]


def test_files_of_one_name_in_two_folders_both_load(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "same.py", DICE.replace("roll_dice", f"roll_{name}"))
    assert sorted(load_tools([tmp_path / "one", tmp_path / "two"]).tools) == ["roll_one", "roll_two"]


def test_a_folder_may_be_a_plugin(tmp_path: Path) -> None:
    package = tmp_path / "games"
    package.mkdir()
    write(package, "__init__.py", "from .dice import roll_dice\nfrom .sides import SIDES\n")
    write(package, "sides.py", "SIDES = 6\n")
    write(package, "dice.py", DICE)
    toolbox = load_tools([tmp_path])
    assert toolbox.broken == {}
    assert list(toolbox.tools) == ["roll_dice"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "is no folder" in load_tools([tmp_path / "none"]).broken[str(tmp_path / "none")]


def test_an_imported_tool_is_not_loaded_twice(tmp_path: Path) -> None:
    write(tmp_path, "_shared.py", DICE)
    assert load_tools([tmp_path]).tools == {}


def test_what_ships_loads() -> None:
    toolbox = load_tools([builtin_folder()])
    assert toolbox.broken == {}
    assert {"calculator", "search_documents", "list_documents"} <= set(toolbox.tools)


def test_a_marked_function_stays_callable() -> None:
    @tool
    def double(x: int) -> int:
        """Double."""
        return 2 * x

    assert double(4) == 8
    with pytest.raises(ValueError, match="timeout"):
        tool(timeout=0)


def test_a_missing_file_is_a_plugin_error(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="FileNotFoundError"):
        load_file(tmp_path / "none.py")
