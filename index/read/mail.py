"""E-mails: who wrote what to whom, and the files that came with it."""

from __future__ import annotations

from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from functools import partial
from typing import cast

from index.read.budget import budget
from index.read.clean import clean, heading, not_headings, one_line, title_or
from index.read.decode import decode
from index.read.html import text_of
from index.read.parts import Parts
from index.types import Page, ReadDocument

_FIELDS = ("From", "To", "Cc", "Date")
_LONGEST_FIELD = 10_000
_NAMELESS = {"message/rfc822": "message.eml", "text/html": "page.html", "text/plain": "text.txt"}


class _Policy(EmailPolicy):
    """Cuts fields that are far longer than any that is meant: the time to parse one grows with its square."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:_LONGEST_FIELD]


def read_mail(data: bytes, name: str) -> ReadDocument:
    """Read an e-mail; the title is its subject, its first page the message, the others the pages of what is attached.

    Raises:
        ValueError: It has none of the fields of an e-mail.
        UnreadableFile: Something in it is made to do harm.
    """
    message = cast("EmailMessage", message_from_bytes(data, policy=_Policy(message_factory=EmailMessage)))
    if not any(field in message for field in (*_FIELDS, "Subject", "Received", "MIME-Version")):
        raise ValueError("it has no sender, no subject and no date")
    subject = one_line(_field(message, "Subject"))
    parts = Parts()
    for part in _attachments(message):
        attached = _name(part)
        parts.read(attached, partial(_read_attached, part, attached))
    lines = [f"{field}: {text}" for field in _FIELDS if (text := one_line(_field(message, field)))]
    lines += [f"Attached: {line}" for line in parts.listing]
    blocks = (heading(1, subject) if subject else "", not_headings("\n".join(lines)), not_headings(_body(message)))
    text = clean("\n\n".join(block for block in blocks if block.strip()))
    whole = Parts()
    whole.add(ReadDocument(subject, "mail", (Page(None, text),)))
    whole.add(ReadDocument(subject, "mail", tuple(parts.pages), tuple(parts.pictures)))
    return ReadDocument(title_or(subject, name), "mail", tuple(whole.pages), tuple(whole.pictures))


def _field(message: EmailMessage, name: str) -> str:
    """A field as text; one that no rule fits is left out, as mail programs do."""
    with suppress(Exception):
        return str(message.get(name, ""))
    return ""


def _body(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    text = _text(body)
    return text_of(text) if body.get_content_type() == "text/html" else text


def _text(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    return clean(decode(content, part.get_content_charset())) if isinstance(content, bytes) and content else ""


def _attachments(message: EmailMessage) -> list[EmailMessage]:
    """Everything but the body: also what stands in it, as pictures of web pages do."""
    body = message.get_body(("plain", "html"))
    other = message.get_body(("html",))
    found: list[EmailMessage] = []

    def collect(part: EmailMessage) -> None:
        if part.get_content_type() == "message/rfc822" or not part.is_multipart():
            if part not in (body, other, message):
                found.append(part)
            return
        for child in part.iter_parts():
            if isinstance(child, EmailMessage):
                collect(child)

    collect(message)
    return found


def _name(part: EmailMessage) -> str:
    with suppress(Exception):
        if given := part.get_filename():
            # What a sender calls a path is a name to us.
            return one_line(str(given)).replace("\\", "/").rsplit("/", 1)[-1] or "attachment"
    kind = part.get_content_type()
    return _NAMELESS.get(kind, f"attachment.{part.get_content_subtype()}")


def _read_attached(part: EmailMessage, name: str) -> ReadDocument:
    from index.read.dispatch import read_data

    if part.get_content_type() == "message/rfc822":
        payload = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        data = inner.as_bytes() if isinstance(inner, EmailMessage) else b""
        name = name if name.lower().endswith(".eml") else f"{name}.eml"
    else:
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
    budget().unpack(len(data))
    with budget().inside():
        return read_data(data, name)
