"""The dialog in which a picture is changed."""

from __future__ import annotations

from html import escape

from ui.dialogs import dialog_html
from ui.language import Texts
from ui.made import MadePicture

LONGEST = 1000
"""Characters of an instruction."""


def retouch_html(made: MadePicture, url: str, turn: int, t: Texts) -> str:
    """Returns the dialog in which a picture is changed: an instruction, and what is painted over it.

    Args:
        made: The picture.
        url: Where the browser gets it.
        turn: The row of the turn that it belongs to.
        t: What the page says.
    """
    title = t("making.retouch_title", name=made.name)
    body = (
        f'<form method="dialog" data-deed="change" data-turn="{turn}" data-name="{escape(made.name)}">'
        f'<p class="hint">{t.html("making.paint")}</p>'
        f'<div class="painted"><img src="{escape(url)}" alt="{escape(made.prompt)}">'
        f'<canvas role="img" aria-label="{t.html("making.canvas")}"></canvas></div>'
        f'<div class="brush"><label>{t.html("making.brush")} '
        f'<input type="range" name="brush" min="2" max="40" value="12"></label>'
        f'<button type="button" data-clear>{t.html("making.clear")}</button></div>'
        f'<label for="instruction">{t.html("making.instruction")}</label>'
        f'<textarea id="instruction" name="text" rows="2" maxlength="{LONGEST}" required autofocus></textarea>'
        f'<button class="main" type="submit">{t.html("making.change")}</button></form>'
    )
    return dialog_html("retouch", title, body, t)
