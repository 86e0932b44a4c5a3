"""What happens on the buttons beside pictures that were made: each asks for what it stands for, in words."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import gradio as gr

from ui.artifacts import ShownArtifact
from ui.asking import Asking
from ui.language import texts
from ui.retouch import LONGEST, retouch_html
from ui.stage import Stage, Updates
from ui.view import ShownTurn, View

log = logging.getLogger(__name__)

MASKS = "masks"
PAINTED = "data:image/png;base64,"
MOST_BYTES, MOST_PIXELS = 4_000_000, 50_000_000


class Making:
    """The events of these buttons and of the dialog that one of them opens.

    Args:
        stage: Shows the conversation.
        asking: Asks in the person's place.
    """

    def __init__(self, stage: Stage, asking: Asking) -> None:
        self._stage, self._asking = stage, asking

    async def vary(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Asks for variations of a picture."""
        async with aclosing(self._about(view, turn, event, "ask_vary")) as updates:
            async for update in updates:
                yield update

    async def larger(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Asks for a picture in a larger size."""
        async with aclosing(self._about(view, turn, event, "ask_larger")) as updates:
            async for update in updates:
                yield update

    async def retouch(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Opens the dialog in which a picture is changed."""
        shown = _named(turn, event)
        if shown is None or shown.made is None:
            gr.Warning(view.t("making.gone"))
            yield {self._stage.parts.draft: gr.skip()}
        else:
            yield {self._stage.parts.draft: retouch_html(shown.made, shown.url, turn.turn or 0, view.t)}

    async def change(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Asks for a change of a picture, or of what was painted over."""
        text = " ".join(str(getattr(event, "text", "")).split())[:LONGEST]
        painted = str(getattr(event, "mask", "") or "")
        mask = ""
        if painted and view.conversation:
            folder = self._stage.assistant.settings.home / "files" / view.conversation
            try:
                mask = await asyncio.to_thread(keep_mask, folder, painted)
            except (OSError, ValueError, SyntaxError):
                log.info("what was painted cannot be read", exc_info=True)
                gr.Warning(view.t("making.bad_mask"))
                text = ""
        if not text:
            yield {self._stage.parts.draft: gr.skip()}
            return
        key = "ask_masked" if mask else "ask_change"
        async with aclosing(self._about(view, turn, event, key, text=text, mask=mask)) as updates:
            async for update in updates:
                yield update

    async def _about(
        self, view: View, turn: ShownTurn, event: Any, key: str, **values: str
    ) -> AsyncGenerator[Updates, None]:
        shown = _named(turn, event)
        if shown is None or shown.made is None:
            gr.Warning(view.t("making.gone"))
            yield {self._stage.parts.draft: gr.skip()}
            return
        # The built-in engine, which is the one with advice, reads English.
        t = texts() if self._stage.assistant.engine.advice else view.t
        question = t(f"making.{key}", name=shown.name, prompt=shown.made.prompt, **values)
        async with aclosing(self._asking.put(view, question.rstrip(": "))) as updates:
            async for update in updates:
                yield update


def keep_mask(folder: Path, painted: str) -> str:
    """Keeps what was painted over a picture, white on black.

    Args:
        folder: The conversation's.
        painted: A PNG as a data URL, as the page sends it.

    Returns:
        The file's name, as the tools take it.

    Raises:
        ValueError: It is none, or too large.
        OSError: It cannot be read or kept.
        SyntaxError: It is damaged.
    """
    from PIL import Image

    data = painted.removeprefix(PAINTED)
    if data == painted or len(data) > MOST_BYTES:
        raise ValueError("no picture that the page paints")
    try:
        decoded = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("no picture that the page paints") from error
    with Image.open(io.BytesIO(decoded), formats=["PNG"]) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise ValueError("it has too many pixels")
        mask = picture.convert("L")
    (folder / MASKS).mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        name = f"{MASKS}/mask-{number}.png"
        try:
            with (folder / name).open("xb") as file:
                mask.save(file, "PNG")
        except FileExistsError:
            number += 1
        else:
            return name


def _named(turn: ShownTurn, event: Any) -> ShownArtifact | None:
    name = str(getattr(event, "name", ""))
    return next((each for each in turn.artifacts if each.name == name and each.made and each.url), None)
