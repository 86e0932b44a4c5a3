"""What the page of a shared link says around the conversation, in the language of who reads it."""

from __future__ import annotations

from html import escape

from starlette.requests import Request

from assistant.export import STYLE, Words
from ui.language import texts
from ui.signin import language_of


def shared_words(request: Request) -> Words:
    """Returns the words of the page."""
    t = texts(language_of(request))
    return Words(t.language, t("share.unsupported"), t("share.page"), t("share.unfinished"), t("share.note"))


def gone_html(request: Request) -> str:
    """Returns the page for a link that opens nothing."""
    t = texts(language_of(request))
    return (
        f'<!doctype html><html lang="{t.language}"><head><meta charset="utf-8"><title>{escape(t("share.gone"))}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(t('share.gone'))}</h1><p>{escape(t('share.gone_why'))}</p></main></body></html>"
    )
