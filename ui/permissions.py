"""Which events of the page a role may send, in one table: whatever does not stand in it is for users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import function_wrapper

from assistant.accounts.identity import Role
from assistant.approval import Rule
from assistant.schema import Tool
from ui.identity import identity
from ui.language import preferred, texts

# By the handler's module and name. Viewers may ask and read, and keep their own conversations.
ROLES: Mapping[str, Role] = {
    "ui.account.*": "viewer",
    "ui.app.*": "viewer",
    "ui.admin.Admin.*": "admin",
    "ui.admin.reveal": "viewer",
    "ui.evidence.*": "viewer",
    "ui.gallery.*": "viewer",
    "ui.asking.*": "viewer",
    "ui.deeds.*": "viewer",
    "ui.shelving.*": "viewer",
    "ui.library._Panel.act": "viewer",
    "ui.library_about._Views.count": "viewer",
    "ui.library_about._Views.draw": "viewer",
    "ui.library_about._Views.list": "viewer",
    "ui.library_about._Views.open": "viewer",
    "ui.library_about._Views.turn": "viewer",
    "ui.library._Panel.look": "viewer",
    "ui.library._Panel.refresh": "viewer",
    "ui.library._Panel.turn": "viewer",
    "ui.robot.*": "viewer",
    "ui.tools_page._Page.act": "viewer",
    "ui.tools_page._Page.refresh": "viewer",
    "ui.tools_page._Page.switch": "viewer",
}


def role_for(handler: Callable[..., Any]) -> Role:
    """Returns the role that a handler is for."""
    name = f"{handler.__module__}.{handler.__qualname__}"
    return next((role for pattern, role in ROLES.items() if fnmatchcase(name, pattern)), "user")


def guard(page: gr.Blocks) -> None:
    """Has every event of a page ask for the role before its handler runs."""
    for event in page.fns.values():
        if event.fn is not None:
            event.fn = function_wrapper(event.fn, before_fn=_check, before_args=(role_for(event.fn),))


def rules(tools: Mapping[str, Tool]) -> tuple[Rule, ...]:
    """Returns what the person at the page may have tools do: a viewer nothing that changes or reaches anything.

    Args:
        tools: Which tools there are.
    """
    who = identity()
    if who is None or who.may("user"):
        return ()
    harmless = [name for name, tool in tools.items() if not tool.options.touches and tool.options.approval == "never"]
    return (*(Rule(tool=name, decide="approve", tainted=True) for name in harmless), Rule(tool="*", decide="refuse"))


def _check(role: Role) -> None:
    who = identity()
    if who is not None and not who.may(role):
        language = preferred(LocalContext.request.get(None))
        raise gr.Error(texts(language)("account.refused"), print_exception=False)
