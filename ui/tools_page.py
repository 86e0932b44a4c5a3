"""The tools tab: what is installed, what of it is on in the conversation, and a form to try each."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from assistant.approval import Rule, judge
from assistant.errors import AssistantError, UnknownConversation, said
from assistant.events import ApprovalRequest
from assistant.origin.sign import Signer
from assistant.schema import Tool
from assistant.session import Assistant
from assistant.trial import Trial, run_trial
from assistant.web.files import SHOWN
from index.errors import LibraryError
from ui import approval, artifacts, permissions
from ui.approval import BadArguments, card_html, changed_arguments, fingerprint, read_decisions
from ui.artifacts import ShownArtifact
from ui.assets import script
from ui.evidence import EVENT
from ui.figures import contents
from ui.language import Texts
from ui.render import result_parts
from ui.tool_cards import tool_html, tools_html
from ui.tool_form import read_arguments
from ui.view import View

log = logging.getLogger(__name__)

TRIAL = "trial"
MOST_BYTES = 8_000_000
"""Of a file that is shown: it travels within the page, since no conversation has it."""

Updates = dict[Any, Any]


@dataclass(slots=True)
class Bench:
    """What one tab tries.

    Attributes:
        opened: The name of the tool that is shown; None where the list is.
        waits: The call that waits for approval.
    """

    opened: str | None = None
    waits: ApprovalRequest | None = None


def make_panel(assistant: Assistant, tab: gr.Tab, view: gr.State) -> None:
    """Makes the tab's contents.

    Args:
        assistant: Whose tools.
        tab: The tab; selecting it reads the tools anew.
        view: What the tab of the browser shows, and with it the conversation.
    """
    state = gr.State(Bench())
    listed = gr.HTML("", elem_id="tools-list", js_on_load=script("tools.js"), container=False)
    opened = gr.HTML("", elem_id="tool", js_on_load=script("tools.js"), container=False)
    card = approval.make_card(assistant, "trial-approval")
    result = gr.Chatbot(elem_id="trial", show_label=False, container=False, buttons=[], feedback_options=None)
    page = _Page(assistant, listed, opened, card, result)
    who = [view, state]
    tab.select(page.refresh, who, [listed, opened], **EVENT)
    listed.switch_it(page.switch, who, [listed], trigger_mode="multiple", **EVENT)
    listed.act(page.act, who, [opened, card, result], **EVENT)
    opened.act(page.act, who, [opened, card, result], **EVENT)
    opened.try_it(page.attempt, who, [card, result], **EVENT)
    card.decide(page.decide, who, [card, result], **EVENT)


class _Page:
    """What happens on the events of the tab."""

    def __init__(
        self, assistant: Assistant, listed: gr.HTML, opened: gr.HTML, card: gr.HTML, result: gr.Chatbot
    ) -> None:
        self._assistant = assistant
        self._listed, self._opened, self._card, self._result = listed, opened, card, result

    async def refresh(self, view: View, bench: Bench) -> Updates:
        """Shows the tools as their files are now."""
        toolbox = await asyncio.to_thread(self._assistant.refresh_tools)
        tool = toolbox.tools.get(bench.opened or "")
        return {self._listed: await self._list(view), self._opened: tool_html(tool, view.t) if tool else ""}

    async def switch(self, view: View, bench: Bench, event: gr.EventData) -> Updates:
        """Turns a tool on or off in the conversation."""
        name, on = getattr(event, "tool", None), getattr(event, "on", None) is True
        if isinstance(name, str) and name in self._assistant.toolbox.tools:
            try:
                await self._switch(view, name, on=on)
            except UnknownConversation:
                gr.Warning(view.t("chat.gone"))
        return {self._listed: await self._list(view)}

    async def act(self, view: View, bench: Bench, event: gr.EventData) -> Updates:
        """Opens a tool, or goes back to the list."""
        name = getattr(event, "id", None) if event.action == "open" else None
        tool = self._assistant.toolbox.tools.get(name) if isinstance(name, str) else None
        bench.opened, bench.waits = tool.name if tool else None, None
        return {self._opened: tool_html(tool, view.t) if tool else "", self._card: "", self._result: []}

    async def attempt(self, view: View, bench: Bench, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Runs a tool with what was typed, or asks for approval first."""
        tool = self._assistant.toolbox.tools.get(bench.opened or "")
        bench.waits = None
        if tool is None:
            yield self._told(view.t("tools.not_there"))
            return
        try:
            arguments = read_arguments(tool.parameters, getattr(event, "values", None))
            # Refused here, where it can be mended, rather than by the run.
            changed_arguments(tool.name, json.dumps(arguments), self._assistant.toolbox.tools)
        except BadArguments as error:
            yield self._told(view.t("tools.wrong", reason=error))
            return
        verdict = judge(tool, arguments, self._rules(), tainted=False)
        if verdict.ruling == "refuse":
            yield self._told(view.t("tools.refused", reason=verdict.reason))
        elif verdict.ruling == "ask":
            bench.waits = ApprovalRequest(
                TRIAL, tool.name, arguments, verdict.reason, tool.options.touches, code=verdict.code
            )
            yield {self._card: card_html(TRIAL, [bench.waits], view.t), self._result: []}
        else:
            async for update in self._run(tool, arguments, view):
                yield update

    async def decide(self, view: View, bench: Bench, event: gr.EventData) -> AsyncGenerator[Updates, None]:
        """Runs the call that waits where it was approved; only the one that the card showed."""
        request, bench.waits = bench.waits, None
        tool = self._assistant.toolbox.tools.get(request.tool) if request else None
        if request is None or tool is None or getattr(event, "key", None) != fingerprint(TRIAL, [request]):
            yield self._told(view.t("tools.outdated"))
            return
        try:
            sent = getattr(event, "decisions", None)
            decision = read_decisions([request], sent, self._assistant.toolbox.tools)[request.id]
        except BadArguments as error:
            yield self._told(view.t("tools.wrong", reason=error))
            return
        if not decision.approved:
            yield self._told(view.t("tools.not_run"))
            return
        async for update in self._run(tool, dict(decision.arguments or request.arguments), view):
            yield update

    def _rules(self) -> tuple[Rule, ...]:
        return (*permissions.rules(self._assistant.toolbox.tools), *self._assistant.settings.tools.rules)

    async def _run(self, tool: Tool, arguments: dict[str, Any], view: View) -> AsyncGenerator[Updates, None]:
        yield self._told(view.t("tools.running"))
        try:
            yield {self._card: "", self._result: await self._tried(tool, arguments, view)}
        except (AssistantError, LibraryError) as error:
            yield self._told(str(error))
        except Exception as error:  # the edge: the page stays usable
            log.exception("the trial of %s failed", tool.name)
            yield self._told(view.t("tools.failed", error=f"{type(error).__name__}: {said(error)}"))

    async def _tried(self, tool: Tool, arguments: dict[str, Any], view: View) -> list[dict[str, Any]]:
        home = self._assistant.settings.home / "files"
        await asyncio.to_thread(home.mkdir, parents=True, exist_ok=True)
        library = await asyncio.to_thread(self._assistant.libraries.get, view.library)
        # Its files go with the folder; what is shown of them is in the page by then.
        with tempfile.TemporaryDirectory(prefix=".trial-", dir=home) as name:
            settings = self._assistant.settings
            passages, signer = settings.library.passages, Signer.of(settings)
            done = await run_trial(
                tool, arguments, library, Path(name), passages, lambda fraction, message: None, signer
            )
            return await asyncio.to_thread(_messages, done, Path(name), view.t)

    def _told(self, words: str) -> Updates:
        return {self._card: "", self._result: [_said(f'<p role="status">{escape(words)}</p>')]}

    async def _list(self, view: View) -> str:
        off = await self._assistant.conversations.tools.off(view.written) if view.written else view.off
        return tools_html(self._assistant.toolbox, off, view.t, begun=bool(view.written))

    async def _switch(self, view: View, name: str, *, on: bool) -> None:
        if view.written:
            await self._assistant.conversations.tools.switch(view.written, view.owner, name, on=on)
        else:
            view.off = view.off - {name} if on else view.off | {name}


def _messages(done: Trial, folder: Path, t: Texts) -> list[dict[str, Any]]:
    head = t("tools.result" if done.call.ok else "tools.error")
    seconds = t("tools.seconds", n=t.number(done.call.seconds, 2))
    parts = "\n\n".join([f"**{head}** · {seconds}", *result_parts(done.call.result, t)])
    files = [_within_page(artifacts.load(each, folder), Path(each.path), each.media_type, t) for each in done.artifacts]
    return [_said(parts), *([_said(contents(files, t))] if files else [])]


def _within_page(shown: ShownArtifact, path: Path, media_type: str, t: Texts) -> ShownArtifact:
    """Puts a file into the page itself."""
    if not shown.url:
        return shown
    if shown.size > MOST_BYTES:
        return replace(shown, url="", problem=t("tools.file_large"))
    # What a browser may run is only ever saved: a link to data is never opened as a page.
    kind = media_type if media_type in SHOWN else "application/octet-stream"
    return replace(shown, url=f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}")


def _said(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}
