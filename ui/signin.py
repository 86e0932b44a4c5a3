"""The sign-in page: plain HTML with a form, no script, in the browser's language."""

from __future__ import annotations

from html import escape

from starlette.requests import Request

from assistant.web.signin import Problem
from ui.assets import script
from ui.language import COOKIE, LANGUAGES, Texts, asked_for, texts

CSS = script("signin.css")
LONG = 120
"""Seconds from which a wait is told in minutes."""


def page_html(request: Request, problem: Problem = "", wait: float = 0, provider: str = "") -> str:
    """Returns the page.

    Args:
        request: Says the language: ``?lang=de``, else what was chosen, else the browser's.
        problem: What went wrong at the last try.
        wait: For how many seconds no password is tried.
        provider: Where people sign in instead of with a password here; empty where they do not.
    """
    t = texts(language_of(request))
    form = _link(t, provider) if provider else _form(t)
    return _page(t, _note(t, problem, wait) + form)


def language_of(request: Request) -> str:
    """Returns the language to speak."""
    wanted = request.query_params.get("lang", ""), request.cookies.get(COOKIE, "")
    return next((each for each in wanted if each in LANGUAGES), asked_for(request.headers.get("accept-language", "")))


def _form(t: Texts) -> str:
    return (
        f'<form method="post" action="/signin?lang={t.language}"><label for="name">{t("signin.name")}</label>'
        '<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required '
        f'maxlength="64" autofocus><label for="password">{t("signin.password")}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required>'
        f'<button type="submit">{t("signin.submit")}</button></form>'
    )


def _link(t: Texts, provider: str) -> str:
    return f'<a class="provider" href="/signin/oidc">{escape(t("signin.provider", name=provider))}</a>'


def _page(t: Texts, content: str) -> str:
    other = next(code for code in LANGUAGES if code != t.language)
    return (
        f'<!doctype html><html lang="{t.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{t('signin.title')} · Assistant</title>"
        '<link rel="stylesheet" href="/signin/page.css"></head>'
        f'<body><main><h1>Assistant</h1><p class="about">{t("signin.about")}</p>{content}'
        f'<p class="help">{t("signin.help")}</p><p class="language">'
        f'<a href="/signin?lang={other}" lang="{other}" hreflang="{other}">{t("signin.language")}</a></p>'
        "</main></body></html>"
    )


def _note(t: Texts, problem: Problem, wait: float) -> str:
    if not problem:
        return ""
    return f'<p class="note" role="alert">{escape(t(f"signin.{problem}", wait=_wait(t, wait)))}</p>'


def _wait(t: Texts, seconds: float) -> str:
    whole = max(1, round(seconds))
    return t.count("signin.minutes", -(-whole // 60)) if whole >= LONG else t.count("signin.seconds", whole)
