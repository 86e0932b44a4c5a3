"""The tool that tells which documents are about something."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from assistant.plugin import Context, DocumentHit, ToolError, tool

_LEAD = re.compile(
    r"^\W*(?:please\s+)?(?:list|show|find|name|tell|give|which|what)\b.*?\b"
    r"(?:about|on|mention(?:ing|s)?|deal(?:ing|s)? with|concerning|regarding|discuss(?:ing|es)?|cover(?:ing|s)?)\s+",
    re.IGNORECASE,
)


@tool(examples=["List all documents about solar power", "Which of my documents deal with taxes?"], timeout=60)
def find_documents(
    request: str, ctx: Context, limit: Annotated[int, Field(ge=1, le=1000)] = 50
) -> list[dict[str, Any]]:
    """List all of the person's documents that are about something, best first.

    Each comes with the number of its passages that are about it and with the best of them, which is cited by its
    number, for example [3]. Use it for questions about which or how many documents, and search_documents for what they
    say.

    Args:
        request: What they are to be about, in a few words.
        limit: How many documents to list at most.
    """
    about = _LEAD.sub("", request).strip(" ?!.")
    if not about:
        raise ToolError("request is empty; say what the documents are to be about")
    return [_row(found, ctx) for found in ctx.library.documents_about(about)[:limit]]


def _row(found: DocumentHit, ctx: Context) -> dict[str, Any]:
    hit = found.best[0]
    return {
        "n": ctx.cite(hit),
        "title": found.document.title,
        "kind": found.document.kind,
        "pages": found.document.pages,
        "document": found.document.path,
        "passages": found.passages,
        "page": hit.passage.page,
        "text": hit.passage.text,
        "score": round(found.score, 3),
    }
