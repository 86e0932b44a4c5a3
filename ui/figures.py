"""From an answer's files to the content of a chat message: pure functions."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

from ui.artifacts import ShownArtifact, Table
from ui.language import Texts, texts
from ui.made import deeds_html, facts
from ui.origin import badge
from ui.reasons import said
from ui.text import shortened

Content = dict[str, Any]

MAX_CELL = 300
NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*(e[-+]?\d+)?\s*%?", re.IGNORECASE)


def contents(artifacts: Sequence[ShownArtifact], t: Texts | None = None, turn: int | None = None) -> list[Content]:
    """Returns the files as contents of one message: HTML of ours, and Gradio's plot for each figure of Plotly's.

    Args:
        artifacts: The files.
        t: What the page says.
        turn: The row of the turn that they belong to; without it there are no buttons.
    """
    found: list[Content] = []
    for artifact in _ordered(artifacts):
        if artifact.plot:
            # As Gradio's own Plot has it; made here, since making the component would need the plot as an object.
            found.append(_component("plot", {"type": "plotly", "plot": artifact.plot}))
        found.append(_component("html", figure_html(artifact, t, turn)))
    return found


def _ordered(artifacts: Sequence[ShownArtifact]) -> list[ShownArtifact]:
    """What is looked at before what is read; of a plot that can be zoomed, its picture is a download only."""
    plots = {each.name.partition(".")[0] for each in artifacts if each.plot}
    shown = [
        replace(each, kind="file") if each.kind == "picture" and each.name.partition(".")[0] in plots else each
        for each in artifacts
    ]
    return sorted(shown, key=lambda each: each.kind in ("table", "file"))


def figure_html(artifact: ShownArtifact, t: Texts | None = None, turn: int | None = None) -> str:
    """Returns a file with its name and a link to download it, of a plot that alone; how a picture was made too."""
    t = t or texts()
    body = _body(artifact)
    problem = f'<span class="problem">{escape(said(artifact.problem, t))}</span>' if artifact.problem else ""
    made = _made(artifact, turn, t) if artifact.made and artifact.url else ""
    caption = f"<figcaption>{_caption(artifact, t)}{problem}{made}</figcaption>"
    return f'<figure class="artifact {artifact.kind}">{body}{caption}</figure>'


def preview_content(picture: bytes, t: Texts) -> Content:
    """Returns what can be seen of a picture that is being made, as a content of a message."""
    url, words = f"data:image/jpeg;base64,{b64encode(picture).decode()}", t.html("figures.preview")
    return _component("html", f'<figure class="artifact picture preview"><img src="{url}" alt="{words}"></figure>')


def table_html(table: Table, name: str) -> str:
    """Returns rows that can be sorted by each column."""
    head = "".join(
        f'<th scope="col" aria-sort="none"><button type="button">{escape(shortened(each, MAX_CELL))}</button></th>'
        for each in table.columns
    )
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table.rows)
    return (
        f'<div class="grid" tabindex="0" role="region" aria-label="{escape(name)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _made(artifact: ShownArtifact, turn: int | None, t: Texts) -> str:
    assert artifact.made
    buttons = deeds_html(artifact.made, turn, t) if turn is not None else ""
    return f'<span class="how">{escape(facts(artifact.made, t))}</span>{buttons}'


def _body(artifact: ShownArtifact) -> str:
    url, name = escape(artifact.url), escape(artifact.name)
    if artifact.table:
        return table_html(artifact.table, artifact.name)
    if artifact.kind == "picture" and url:
        return f'<a href="{url}" target="_blank" rel="noopener"><img src="{url}" alt="{name}" loading="lazy"></a>'
    if artifact.kind == "video" and url:
        return f'<video src="{url}" controls preload="metadata" aria-label="{name}"></video>'
    return ""


def _caption(artifact: ShownArtifact, t: Texts) -> str:
    name = f'<span class="name">{escape(artifact.name)}</span>'
    if not artifact.url:
        return name
    words = escape(t("figures.download"))
    link = f'<a class="download" href="{escape(artifact.url)}" download="{escape(artifact.name)}">{words}</a>'
    return f'{name}<span class="facts">{escape(_facts(artifact, t))}</span>{badge(artifact.origin, t)}{link}'


def _facts(artifact: ShownArtifact, t: Texts) -> str:
    size = t.size(artifact.size)
    if (table := artifact.table) is None:
        return size
    count = len(table.rows)
    return t.count("figures.first_rows" if table.cut else "figures.rows", count, size=size)


def _cell(text: str) -> str:
    kind = ' class="number"' if NUMBER.fullmatch(text.strip()) else ""
    return f"<td{kind}>{escape(shortened(text, MAX_CELL))}</td>"


def _component(name: str, value: Any) -> Content:
    return {"type": "component", "component": name, "value": value, "constructor_args": {}, "props": {}}
