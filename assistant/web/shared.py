"""The pages of shared links: a conversation to be read, by whoever has the link, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from assistant.accounts.store import Accounts
from assistant.export import Exported, Words, to_html
from assistant.session import Assistant
from assistant.sharing import SHARED, Shared

# The link is the key, so that it goes nowhere: into no cache, no search engine, no other server's log.
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
# Each holds its pictures in memory while it is made.
AT_ONCE = 2

# The words of the page, and the page for a link that opens nothing, in the language of the request.
Phrase = Callable[[Request], Words]
Gone = Callable[[Request], str]


def shared(assistant: Assistant, accounts: Accounts | None, phrase: Phrase, gone: Gone) -> APIRouter:
    """Returns the route that serves them.

    Args:
        assistant: Whose conversations they are.
        accounts: Who may use the page; what belongs to nobody among them is shown to nobody.
        phrase: What the page says around the conversation.
        gone: The page for a link that opens nothing.
    """
    routes, rooms = APIRouter(), asyncio.Semaphore(AT_ONCE)
    chosen = assistant.settings.page.shared_links

    @routes.get(SHARED + "{secret}")
    async def page(secret: str, request: Request) -> Response:
        found = None
        if chosen == "anyone" or (chosen == "accounts" and request.scope.get("user") is not None):
            found = await assistant.conversations.shares.opened(secret)
        if found is None or not (accounts is None or await asyncio.to_thread(_known, accounts, found.owner)):
            return HTMLResponse(gone(request), 404, HEADERS)
        async with rooms:
            exported = await _exported(assistant, found)
            return HTMLResponse(await asyncio.to_thread(to_html, exported, phrase(request)), headers=HEADERS)

    return routes


async def _exported(assistant: Assistant, found: Shared) -> Exported:
    rows = {turn.id: turn for turn in await assistant.conversations.rows(found.path)}
    folder = assistant.settings.home / "files" / found.conversation
    return Exported(found.title, [rows[each] for each in found.path], folder)


def _known(accounts: Accounts, owner: str) -> bool:
    return any(each.identity.owner == owner for each in accounts.all())
