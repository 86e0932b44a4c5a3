"""Documents that a question brings: put with its conversation before it is asked."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from assistant.api.errors import ApiError
from assistant.errors import AssistantError, StorageError
from assistant.question import accepted
from assistant.session import Assistant
from assistant.within import plain_name

# The types of parts in the older and in the newer form.
DOCUMENTS = ("file", "input_file")
MOST = 50
DATA_URL = re.compile(r"data:[^,]{0,200};base64,")


class Document(BaseModel):
    """A document that a message brings: one of ``/v1/files``, or what it holds."""

    model_config = ConfigDict(extra="ignore")
    file_id: str | None = None
    file_data: str | None = Field(None, description="What it holds in base64, alone or as a data URL.")
    filename: str | None = None
    file_url: str | None = Field(None, description="Refused, since no addresses are fetched.")


async def attached(
    assistant: Assistant,
    owner: str,
    question: str,
    documents: Sequence[Document],
    conversation: str | None,
    library: str | None,
) -> tuple[str, str]:
    """Puts documents with the conversation in which a question is about to be asked.

    Args:
        assistant: Who will answer.
        owner: Who asks.
        question: What is asked.
        documents: What it brings.
        conversation: Where it is asked; None begins a conversation, of which nothing is left if a document cannot be
            used.
        library: Which library a new conversation is about.

    Returns:
        The conversation, and the question, which names the documents where a language model answers.

    Raises:
        ApiError: A document cannot be used.
        AssistantError: The question cannot be asked, or something cannot be stored.
        LibraryError: A document cannot be stored.
    """
    accepted(question, assistant.settings.agent.max_question_characters)
    with tempfile.TemporaryDirectory(prefix="assistant-") as folder:
        found = await _found(assistant, owner, documents, Path(folder))
        begun = conversation is None
        conversation = conversation or await _begun(assistant, owner, question, library)
        if not begun:
            await assistant.conversations.library(conversation, owner)
        try:
            async with assistant.attachment_bucket.changing(conversation):
                for path, name in found:
                    await _add(assistant, conversation, path, name)
        except BaseException:
            if begun:
                with suppress(AssistantError):
                    await assistant.delete(conversation, owner)
            raise
    # The built-in engine, which is the one with advice, would take the names for a part of what is asked.
    names = "" if assistant.engine.advice else f"\n\n(About: {', '.join(dict.fromkeys(name for _, name in found))})"
    return conversation, question + names


async def _begun(assistant: Assistant, owner: str, question: str, library: str | None) -> str:
    library = library or assistant.libraries.default
    await asyncio.to_thread(assistant.libraries.get, library)
    return await assistant.conversations.open(owner, question, library)


async def _found(
    assistant: Assistant, owner: str, documents: Sequence[Document], folder: Path
) -> list[tuple[Path, str]]:
    """Returns where each document can be read, and its name."""
    if len(documents) > MOST:
        raise ApiError(400, f"A request may bring {MOST} files, not {len(documents)}.", "messages")
    found: dict[str | int, tuple[Path, str]] = {}
    for number, document in enumerate(documents):
        if document.file_id:
            upload = await assistant.uploaded.get(document.file_id, owner)
            found[upload.id] = await assistant.uploaded.path(upload), upload.name
        elif document.file_data:
            path = folder / str(number) / plain_name(document.filename)
            path.parent.mkdir()
            await asyncio.to_thread(path.write_bytes, _decoded(document.file_data))
            found[number] = path, path.name
        elif document.file_url:
            raise ApiError(400, "No addresses are fetched; upload the file and name its id.", "file_url")
        else:
            raise ApiError(400, "A part that is a file needs file_id or file_data.", "messages")
    return [*found.values()]


def _decoded(data: str) -> bytes:
    start = DATA_URL.match(data)
    try:
        return base64.b64decode(data[start.end() if start else 0 :], validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "file_data must be base64, alone or as a data URL.", "file_data") from None


async def _add(assistant: Assistant, conversation: str, path: Path, name: str) -> None:
    try:
        outcome = await asyncio.to_thread(assistant.attachments.add, conversation, path, name)
    except OSError as error:
        raise StorageError(f"{name} cannot be kept here ({error.strerror or error}); try again later.") from error
    if outcome is None or outcome.status == "refused":
        raise ApiError(400, f"{name}: {outcome.reason if outcome else 'not read'}", "messages", "unreadable")
