"""Who is signed in, and the way out: the foot of the rail."""

from __future__ import annotations

from html import escape

import gradio as gr

from assistant.accounts.identity import Identity, Role
from ui.evidence import EVENT
from ui.identity import identity

ROLES: dict[Role, str] = {"admin": "admin", "user": "", "viewer": "may only read"}


def make_account(page: gr.Blocks) -> gr.HTML:
    """Makes the line, empty without accounts.

    Args:
        page: Fills it when it is loaded.
    """
    line = gr.HTML("", elem_id="account", container=False)
    page.load(_shown, None, [line], **EVENT)
    return line


def account_html(who: Identity) -> str:
    """Returns the line."""
    role = f' <span class="role">{ROLES[who.role]}</span>' if ROLES[who.role] else ""
    return (
        f'<div class="account"><span>Signed in as <b>{escape(who.name)}</b>{role}</span>'
        '<form method="post" action="/signout"><button type="submit">Sign out</button></form></div>'
    )


def _shown() -> str:
    who = identity()
    return account_html(who) if who else ""
