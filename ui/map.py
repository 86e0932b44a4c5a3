"""The map of a library in the page: drawn by the browser, so that pointing at a passage needs no server."""

from __future__ import annotations

import json
from html import escape

from index.map import LibraryMap
from ui.language import Texts

STEPS = 10_000
"""Into how many steps a place is divided on its way to the browser."""


def map_html(drawn: LibraryMap, t: Texts) -> str:
    """Returns the map with its topics.

    Args:
        drawn: What is where.
        t: What the page says.
    """
    if not drawn.spots:
        return f'<div class="empty"><b>{t.html("library.empty")}</b></div>'
    shown, all_ = t.number(len(drawn.spots)), t.number(drawn.passages)
    key = "map.sample" if len(drawn.spots) < drawn.passages else "map.about"
    data = escape(json.dumps(_data(drawn), ensure_ascii=False, separators=(",", ":")))
    topics = "".join(
        f'<li><button type="button" data-topic="{number}" aria-pressed="false"><i></i>{escape(_name(topic.words, t))} '
        f"<span>{t.number(topic.passages)}</span></button></li>"
        for number, topic in enumerate(drawn.topics)
    )
    name = t.html("map.name", n=shown, topics=len(drawn.topics))
    return (
        f'<div class="map" data-page="{escape(t("map.page", n="{n}"))}" data-map="{data}">'
        f'<p class="about">{t.html(key, n=shown, all=all_)}</p><div class="chart">'
        f'<canvas tabindex="0" role="img" aria-label="{name}"></canvas>'
        f'<div class="names" aria-hidden="true"></div><div class="tip" role="status" hidden></div></div>'
        f'<ul class="topics" aria-label="{t.html("map.topics")}">{topics}</ul></div>'
    )


def _name(words: tuple[str, ...], t: Texts) -> str:
    return ", ".join(words) or t("map.unnamed")


def _data(drawn: LibraryMap) -> dict[str, object]:
    documents = list(drawn.titles)
    places = {number: at for at, number in enumerate(documents)}
    return {
        "ids": documents,
        "titles": [drawn.titles[number] for number in documents],
        "names": [[", ".join(topic.words), round(topic.x * STEPS), round(topic.y * STEPS)] for topic in drawn.topics],
        "spots": [
            [round(spot.x * STEPS), round(spot.y * STEPS), spot.topic, places[spot.document], spot.page or 0, spot.text]
            for spot in drawn.spots
        ],
    }
