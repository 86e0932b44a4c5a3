"""The admin page: how the server is, who uses it, what went wrong, and the accounts."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from assistant.accounts.identity import ROLES, Role
from assistant.accounts.store import Accounts
from assistant.doctor import engine_finding
from assistant.errors import AccountError, StorageError
from assistant.overview import Usage, disk, troubles
from assistant.session import Assistant
from ui.admin_html import Now, overview_html, people_html
from ui.assets import script
from ui.evidence import EVENT
from ui.identity import identity
from ui.language import Texts, label, preferred, texts
from ui.lean import Page, load_of

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The components of the page.

    Attributes:
        tab: Hidden from whoever is no admin.
        overview: How the server is.
        people: The accounts.
        name: Of the account to add or change.
        role: Its role.
        password: Its password.
    """

    tab: gr.Tab
    overview: gr.HTML
    people: gr.HTML
    name: gr.Textbox
    role: gr.Dropdown
    password: gr.Textbox


class Admin:
    """What happens on the page's events; every one of them is for admins alone, see ``ui.permissions``.

    Args:
        assistant: Whose server.
        accounts: Who may use it; None where everybody may.
        page: The page that this one is part of.
        parts: The components.
    """

    def __init__(self, assistant: Assistant, accounts: Accounts | None, page: Page, parts: Parts) -> None:
        self._assistant, self._accounts, self._page, self._parts = assistant, accounts, page, parts

    async def look(self, request: gr.Request) -> Updates:
        """Shows how everything is now."""
        t, home = texts(preferred(request)), self._assistant.settings.home
        finding, troubled, space = await asyncio.gather(
            engine_finding(self._assistant.settings), asyncio.to_thread(troubles, home), asyncio.to_thread(disk, home)
        )
        now = Now(self._assistant.engine.name, finding, load_of(self._page), troubled, space)
        return {self._parts.overview: overview_html(now, t), **await self._people(t)}

    async def save(self, name: str, role: Role, password: str, request: gr.Request) -> Updates:
        """Adds an account, or changes the one of that name."""
        t = texts(preferred(request))
        try:
            key = await asyncio.to_thread(self._save, str(name).strip(), role, str(password or ""))
        except AccountError as error:
            gr.Warning(escape(t("admin.problem", reason=str(error))))
            return {self._parts.password: ""}
        gr.Info(escape(t(key, name=name)))
        cleared = {self._parts.name: "", self._parts.password: ""}
        return cleared | await self._people(t)

    async def act(self, request: gr.Request, event: gr.EventData) -> Updates:
        """Removes an account."""
        t, name, me = texts(preferred(request)), str(getattr(event, "id", "")), identity()
        if self._accounts is None or getattr(event, "action", "") != "remove":
            return {}
        try:
            if me is not None and me.name.casefold() == name.casefold():
                raise AccountError(t("admin.yourself"))
            await asyncio.to_thread(self._accounts.remove, name)
        except AccountError as error:
            gr.Warning(escape(t("admin.problem", reason=str(error))))
            return {}
        gr.Info(escape(t("admin.removed", name=name)))
        return await self._people(t)

    def _save(self, name: str, role: Role, password: str) -> str:
        if self._accounts is None or role not in ROLES:
            raise AccountError("There are no accounts.")
        if name.casefold() not in {each.name.casefold() for each in self._accounts.all()}:
            self._accounts.add(name, password, role)
            return "admin.added"
        if self._accounts.find(name).role != role:
            self._accounts.change_role(name, role)
        if password:
            self._accounts.change_password(name, password)
        return "admin.changed"

    async def _people(self, t: Texts) -> Updates:
        if self._accounts is None:
            return {self._parts.people: people_html([], {}, t)}
        accounts = await asyncio.to_thread(self._accounts.all)
        return {self._parts.people: people_html(accounts, await self._usage(), t)}

    async def _usage(self) -> dict[str, Usage]:
        try:
            return await self._assistant.conversations.usage()
        except (StorageError, sqlite3.Error):  # what else there is to see is shown
            return {}


def make_admin(assistant: Assistant, accounts: Accounts | None, page: Page) -> None:
    """Makes the page's tab in the current layout, hidden until an admin has come.

    Args:
        assistant: Whose server.
        accounts: Who may use it; None where everybody may.
        page: The page that this one is part of.
    """
    with gr.Tab(label("admin.tab"), elem_id="admin", visible=False) as tab, gr.Column(elem_id="admin-page"):
        again = gr.Button(label("admin.refresh"), size="sm", elem_id="admin-refresh")
        overview = gr.HTML("", elem_id="admin-overview", container=False)
        people = gr.HTML("", elem_id="admin-people", js_on_load=script("armed.js", "list.js"), container=False)
        with gr.Group(elem_id="admin-form", visible=accounts is not None):
            name = gr.Textbox(label=label("admin.name"), max_length=64, elem_id="admin-name")
            roles = [(label(f"admin.role_{role}"), role) for role in ROLES]
            role = gr.Dropdown(roles, value="user", label=label("admin.role"), elem_id="admin-role")
            info = label("admin.password_info")
            password = gr.Textbox(label=label("admin.password"), info=info, type="password", elem_id="admin-password")
            save = gr.Button(label("admin.save"), variant="primary", elem_id="admin-save")
    parts = Parts(tab, overview, people, name, role, password)
    admin = Admin(assistant, accounts, page, parts)
    shown = [overview, people]
    tab.select(admin.look, None, shown, **EVENT)
    again.click(admin.look, None, shown, **EVENT)
    save.click(admin.save, [name, role, password], [name, password, people], **EVENT)
    people.act(admin.act, None, [people], **EVENT)
    page.load(reveal, None, [tab], **EVENT)


def reveal() -> dict[str, Any]:
    """Shows the tab to an admin."""
    who = identity()
    update: dict[str, Any] = gr.update(visible=who is not None and who.may("admin"))
    return update
