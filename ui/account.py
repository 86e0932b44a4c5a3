"""Who is signed in, and the way out: the foot of the rail."""

from __future__ import annotations

from html import escape

import gradio as gr

from assistant.accounts.identity import Identity
from ui.evidence import EVENT
from ui.identity import identity
from ui.language import Texts, preferred, texts


def make_account(page: gr.Blocks, leave: bool = True) -> gr.HTML:
    """Makes the line, empty without accounts.

    Args:
        page: Fills it when it is loaded.
        leave: Whether people can sign out here; not where a proxy signs them in.
    """
    line = gr.HTML("", elem_id="account", container=False)

    def shown(request: gr.Request) -> str:
        who = identity()
        return account_html(who, texts(preferred(request)), leave) if who else ""

    page.load(shown, None, [line], **EVENT)
    return line


def account_html(who: Identity, t: Texts, leave: bool = True) -> str:
    """Returns the line, with the button to sign out where people can."""
    name = t("account.who", name=f"\0{who.name}\0").split("\0")
    shown = f"{escape(name[0])}<b>{escape(name[1])}</b>{escape(name[2])}"
    role = t(f"account.{who.role}")
    button = f'<form method="post" action="/signout"><button type="submit">{t("account.out")}</button></form>'
    return f'<div class="account"><span>{shown}{f" · {role}" if role else ""}</span>{button if leave else ""}</div>'
