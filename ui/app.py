"""The page: what is where, and what is connected with what."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import gradio as gr

from assistant.accounts.store import Accounts
from assistant.session import Assistant
from ui import (
    account,
    adapters,
    admin,
    approval,
    attaching,
    conversation,
    evidence,
    gallery,
    header,
    library,
    robot,
    tools_page,
    voice,
)
from ui.assets import script
from ui.evidence import EVENT
from ui.language import label, labelled, relabel
from ui.lean import Page
from ui.permissions import guard
from ui.shelving import Shelving
from ui.stage import Parts, Stage
from ui.theme import CSS, THEME
from ui.view import View

__all__ = ["CSS", "THEME", "build_page"]

# The browser's secret lies under this name. Gradio encrypts it with a key that every visitor is sent, which
# protects nothing; a key of our own keeps it readable after a restart of the server.
STORAGE_KEY = "assistant"

# Gradio's copies of uploads are deleted after a day, looked for every hour: seconds.
CACHE = (3600, 86400)


def build_page(assistant: Assistant, accounts: Accounts | None = None) -> Page:
    """Returns the page of an assistant.

    Args:
        assistant: Who answers; it must stay open while the page is served.
        accounts: Who may use the page; None lets everybody.
    """
    page = Page(title="Assistant", fill_height=True, fill_width=True, delete_cache=CACHE)
    with page:
        token = gr.BrowserState(None, storage_key=STORAGE_KEY, secret=STORAGE_KEY)
        view = gr.State(View())
        head = header.make_header(assistant)
        with gr.Row(elem_id="shell", equal_height=True):
            with gr.Column(elem_id="rail", scale=0, min_width=0):
                new = gr.Button(label("history.new"), elem_id="new", variant="primary", size="md")
                shelf = library.make_chooser(assistant)
                adapter = adapters.make_chooser()
                find = gr.Textbox(
                    label=label("history.find"),
                    placeholder=label("history.find"),
                    elem_id="find",
                    type="text",
                    show_label=False,
                    container=False,
                )
                past = gr.HTML("", elem_id="history", js_on_load=script("armed.js", "history.js"), container=False)
                account.make_account(page, assistant.settings.accounts.sign_in != "proxy")
            with gr.Column(elem_id="main", scale=1, min_width=0), gr.Tabs(elem_id="tabs"):
                with gr.Tab(label("chat.tab"), elem_id="conversation"):
                    chat = conversation.make_chat(assistant.toolbox.tools)
                    card = approval.make_card(assistant)
                    draft = conversation.make_draft(assistant.settings.agent.max_question_characters)
                    with gr.Row(elem_id="ask-row"):
                        attach = attaching.make_button()
                        voice.make_voice(assistant.settings.voice)
                        box = conversation.make_box()
                with gr.Tab(label("library.tab"), elem_id="library") as tab:
                    panel = library.make_panel(assistant, tab, view)
                with gr.Tab(label("tools.tab"), elem_id="tools") as tab:
                    tools_page.make_panel(assistant, tab, view)
                robot.make_panel(assistant, view, box)
                with gr.Tab(label("gallery.tab"), elem_id="gallery") as tab:
                    pictures = gallery.make_panel(assistant, tab, view)
                admin.make_admin(assistant, accounts, page)
            with gr.Column(elem_id="evidence-column", scale=0, min_width=0):
                sources = evidence.make_panel(view, assistant)
        parts = Parts(token, view, head, shelf, adapter, chat, card, box, draft, sources, past)
        shelving = conversation.connect(Stage(assistant, parts), new, find, attach)
        _connect(assistant, parts, shelving, panel, pictures)
        page.load(shelving.arrive, parts.who, [token, *parts.changed], **EVENT)
        _follow_language(page)
        if assistant.engine.vllm:
            _follow_loading(page, assistant, head)
    guard(page)
    return page


def _connect(assistant: Assistant, parts: Parts, shelving: Shelving, panel: library.Panel, pictures: gr.HTML) -> None:
    """Lets libraries be chosen, and conversations be opened from the pictures that are in them."""

    async def use(token: str | None, view: View, event: gr.EventData) -> dict[object, object]:
        known = event.id in assistant.libraries.names()
        return await shelving.choose(event.id if known else assistant.libraries.default, token, view)

    chosen = parts.library.input(shelving.choose, [parts.library, *parts.who], parts.changed, **EVENT)
    parts.adapter.input(shelving.adapt, [parts.adapter, *parts.who], None, **EVENT)
    named = panel.names.use_it(use, parts.who, parts.changed, **EVENT)
    for each in (chosen, named):
        each.then(panel.refresh, panel.inputs, panel.outputs, **EVENT)
    # As in the list of conversations: only one's own is opened.
    pictures.open_it(shelving.act, parts.who, parts.changed, **EVENT)


def _follow_language(page: Page) -> None:
    """Gives components their labels in the language that was chosen, where it is not the browser's own."""
    named = labelled(page)

    def choose_language(request: gr.Request) -> list[object]:
        return relabel(named, request)

    page.load(choose_language, None, list(named), **EVENT)


def _follow_loading(page: Page, assistant: Assistant, head: gr.HTML) -> None:
    """Shows in the top line how far the model is, until it is ready."""

    async def load(request: gr.Request) -> AsyncGenerator[str, None]:
        async with aclosing(header.loading(assistant, request)) as lines:
            async for line in lines:
                yield line

    page.load(load, None, head, **EVENT)
