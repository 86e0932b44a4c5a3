"""The dialog that offers a conversation as a file or by a link, and what happens in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime
from html import escape
from typing import Any

import gradio as gr

from assistant.errors import AssistantError
from assistant.export import WRITERS
from assistant.sharing import Share, url_of
from assistant.web.origin import LOOPBACK
from ui.dialogs import dialog_html
from ui.identity import identity
from ui.language import Texts
from ui.stage import Stage, Updates
from ui.view import ShownTurn, View

# After how many days a link may end by itself.
DAYS = (1, 7, 30)


class Sharing:
    """The events of the dialog.

    Args:
        stage: Shows the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._shares = stage.assistant.conversations.shares

    async def offer(self, view: View, turn: ShownTurn, _: Any) -> AsyncGenerator[Updates, None]:
        """Opens the dialog."""
        async for update in self._shown(view, turn):
            yield update

    async def make(self, view: View, turn: ShownTurn, event: Any) -> AsyncGenerator[Updates, None]:
        """Makes the link, for as many days as were chosen."""
        days = int(event.text) if str(getattr(event, "text", "")) in map(str, DAYS) else 0
        if not self._may():
            async for update in self._shown(view, turn):
                yield update
            return
        try:
            secret = await self._shares.make(view.conversation or "", view.owner, days * 86400 or None)
        except AssistantError as error:
            gr.Warning(str(error))
            yield {self._stage.parts.draft: ""}
            return
        async for update in self._shown(view, turn, url_of(secret)):
            yield update

    async def withdraw(self, view: View, turn: ShownTurn, _: Any) -> AsyncGenerator[Updates, None]:
        """Ends the link."""
        try:
            await self._shares.withdraw(view.conversation or "", view.owner)
        except AssistantError as error:
            gr.Warning(str(error))
        async for update in self._shown(view, turn, withdrawn=True):
            yield update

    async def _shown(
        self, view: View, turn: ShownTurn, url: str = "", *, withdrawn: bool = False
    ) -> AsyncGenerator[Updates, None]:
        try:
            share = await self._shares.of(view.conversation or "", view.owner)
        except AssistantError as error:
            gr.Warning(str(error))
            yield {self._stage.parts.draft: ""}
            return
        t = view.t
        link = "" if self._settings == "nobody" else link_html(turn, share, url, self._who(t), t)
        if withdrawn and share is None:
            link = f'<p role="status"><b>{escape(t("share.withdrawn"))}</b></p>{link}'
        yield {self._stage.parts.draft: share_html(turn, link, view.t)}

    @property
    def _settings(self) -> str:
        return self._stage.assistant.settings.page.shared_links

    def _may(self) -> bool:
        who = identity()
        return self._settings != "nobody" and (who is None or who.may("user"))

    def _who(self, t: Texts) -> str:
        """Says who can open the link, where that is not everybody."""
        if not self._may():
            return t("share.viewer")
        if identity() is not None:
            return t("share.signed") if self._settings == "accounts" else ""
        return t("share.here") if self._stage.assistant.settings.page.host in LOOPBACK else ""


def share_html(turn: ShownTurn, link: str, t: Texts) -> str:
    """Returns the dialog.

    Args:
        turn: Under which it was asked for.
        link: The part about the link; empty where there are to be none.
        t: The page's texts.
    """
    buttons = "".join(
        f'<button data-deed="export" data-turn="{turn.turn}" data-to="{kind}"><b>{escape(t(f"dialogs.as_{kind}"))}</b>'
        f"<span>{escape(t(f'dialogs.as_{kind}_hint'))}</span></button>"
        for kind in WRITERS
    )
    files = f'<h3>{escape(t("share.files"))}</h3><p class="hint">{escape(t("dialogs.share_hint"))}</p>'
    return dialog_html("share", t("dialogs.share"), f'{link}{files}<div class="files">{buttons}</div>', t)


def link_html(turn: ShownTurn, share: Share | None, url: str, who: str, t: Texts) -> str:
    """Returns the part of the dialog about the link.

    Args:
        turn: Under which it was asked for.
        share: The link that there is.
        url: Where it leads, right after it was made; empty later.
        who: Says who can open it, or that this person cannot make one.
        t: The page's texts.
    """
    there = f"{_made(url, t) if url else ''}{_share(turn, share, t)}" if share else ""
    hint = f'<p class="hint">{escape(t("share.hint"))} {escape(who)}</p>'
    form = "" if who == t("share.viewer") or url else _form(turn, again=share is not None, t=t)
    return f"<h3>{escape(t('share.title'))}</h3>{hint}{there}{form}"


def _made(url: str, t: Texts) -> str:
    return (
        f'<div class="link"><input data-path="{escape(url)}" readonly aria-label="{escape(t("share.address"))}">'
        f'<button class="main" data-copy>{escape(t("share.copy"))}</button></div>'
        f'<p class="hint">{escape(t("share.once"))}</p>'
    )


def _share(turn: ShownTurn, share: Share, t: Texts) -> str:
    until = f" {t('share.until', until=_time(share.expires))}" if share.expires else ""
    return (
        f'<p class="link"><span>{escape(t("share.since", made=_time(share.made)))}{escape(until)}</span>'
        f'<button data-deed="unlink" data-turn="{turn.turn}">{escape(t("share.withdraw"))}</button></p>'
    )


def _form(turn: ShownTurn, *, again: bool, t: Texts) -> str:
    choices = "".join(f'<option value="{days}">{escape(t.count("share.days", days))}</option>' for days in DAYS)
    hint = f'<p class="hint">{escape(t("share.again_hint"))}</p>' if again else ""
    return (
        f'<form class="link" method="dialog" data-deed="link" data-turn="{turn.turn}">'
        f'<label for="lasts">{escape(t("share.lasts"))}</label><select id="lasts" name="text">'
        f'<option value="">{escape(t("share.always"))}</option>{choices}</select>'
        f'<button type="submit">{escape(t("share.again" if again else "share.make"))}</button></form>{hint}'
    )


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
