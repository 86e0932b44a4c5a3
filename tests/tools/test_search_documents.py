"""The tool that looks into the library, and what narrows it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assistant.app import open_library
from assistant.loader import builtin_folder, load_file
from assistant.plugin import ToolError
from assistant.settings import Settings
from assistant.testing import call, make_context

[SEARCH] = load_file(builtin_folder() / "search_documents.py", {})
[LIST] = load_file(builtin_folder() / "list_documents.py", {})


@pytest.mark.parametrize(
    ("narrowed", "titles"),
    [
        ({}, {"Oak", "Tea"}),
        ({"document": "tea.md"}, {"Tea"}),
        ({"kind": "text"}, {"Oak"}),
        ({"tag": "Drinks"}, {"Tea"}),
        ({"tag": "trees"}, set()),
        ({"since": "2020-01-01"}, {"Oak", "Tea"}),
        ({"until": "2020-01-01"}, set()),
        ({"folder": "FOLDER/inner"}, {"Oak"}),
        ({"folder": "FOLDER/inner", "kind": "markdown"}, set()),
    ],
)
def test_every_filter_of_the_library_reaches_the_tool(
    home: Path, tmp_path: Path, narrowed: dict[str, Any], titles: set[str]
) -> None:
    (tmp_path / "in" / "inner").mkdir(parents=True)
    (tmp_path / "in" / "tea.md").write_text("# Tea\n\nGreen tea is brewed at 75 °C.\n")
    (tmp_path / "in" / "inner" / "Oak.txt").write_text("Oaks feed jays, and no tea is made of them.")
    given = {key: value.replace("FOLDER", str(tmp_path / "in")) for key, value in narrowed.items()}
    with closing(open_library(Settings(home=home))) as library:
        library.add([tmp_path / "in"])
        library.tag("tea.md", ["drinks"])
        ctx = make_context(tmp_path, library=library)
        found = call(SEARCH.function, ctx, query="tea", **given)
        assert {row["title"].removesuffix(".txt") for row in found} == titles
        with pytest.raises(ToolError):
            call(SEARCH.function, ctx, query="tea", since="yesterday")
        [tea] = [row for row in call(LIST.function, ctx) if row["title"] == "Tea"]
        assert tea["tags"] == ["drinks"]
        assert tea["added"].startswith("20")
