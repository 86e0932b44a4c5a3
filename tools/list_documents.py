"""The tool that tells what the library holds."""

from __future__ import annotations

from typing import Any

from assistant.plugin import Context, tool


@tool(examples=["Which documents do you have?", "What is in my library?"], timeout=30)
def list_documents(ctx: Context) -> list[dict[str, Any]]:
    """List the documents in the person's library, with their kind, number of pages, tags and day of adding."""
    return [
        {
            "title": document.title,
            "kind": document.kind,
            "pages": document.pages,
            "tags": list(document.tags),
            "added": document.added[:10],
            "document": document.path,
        }
        for document in ctx.library.documents()
    ]
