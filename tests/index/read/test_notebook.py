"""Notebooks and source code."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from index.errors import UnreadableFile
from index.read import read
from tests.index.read.files import picture

FIXTURES = Path(__file__).parents[2] / "fixtures"


def notebook(path: Path, *outputs: dict[str, Any]) -> Path:
    code = {"cell_type": "code", "source": ["# load\n", "x = 1"], "metadata": {}, "execution_count": 1}
    cells = [
        {"cell_type": "markdown", "source": "# Yields\n\nBy *year*.", "metadata": {}},
        {**code, "outputs": list(outputs)},
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    return path


def test_a_real_notebook() -> None:
    document = read(FIXTURES / "notebook.ipynb")
    assert (document.title, document.kind) == ("Test Notebook", "notebook")
    assert " # comment in code\nprint(42)\n\n42" in document.pages[0].text


def test_what_the_code_printed_and_drew(tmp_path: Path) -> None:
    shown = {"image/png": base64.b64encode(picture()).decode(), "text/plain": "<Figure size 640x480>"}
    table = {"text/html": "<table><tr><th>a</th><th>b</th></tr></table>", "text/plain": "a b"}
    path = notebook(
        tmp_path / "a.ipynb",
        {"output_type": "stream", "name": "stdout", "text": "\x1b[31mred\x1b[0m\n"},
        {"output_type": "display_data", "metadata": {}, "data": shown},
        {"output_type": "display_data", "metadata": {}, "data": table},
        {"output_type": "error", "ename": "ValueError", "evalue": "too dry", "traceback": []},
    )
    document = read(path)
    assert document.pages[0].text == (
        "# Yields\n\nBy *year*.\n\n # load\nx = 1\n\nred\n\n[Picture]\n\na | b\n\nValueError: too dry"
    )
    assert [one.data for one in document.pictures] == [picture()]


def test_no_notebook(tmp_path: Path) -> None:
    for content in ("[1, 2]", "{", '{"nbformat": 4}', "null"):
        (tmp_path / "a.ipynb").write_text(content)
        with pytest.raises(UnreadableFile, match=r"is damaged or is no notebook|holds no text"):
            read(tmp_path / "a.ipynb")


@pytest.mark.parametrize("name", ["a.py", "a.json", "a.xml", "a.rs"])
def test_code_stays_as_it_is(tmp_path: Path, name: str) -> None:
    text = "# <html>\ndef f():\n\treturn 'Größe'\n"
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    document = read(tmp_path / name)
    assert (document.kind, document.title) == ("code", name)
    assert document.pages[0].text == text.rstrip("\n")
