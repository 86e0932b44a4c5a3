"""The sign-in page: plain HTML with a form, no script, in the browser's language."""

from __future__ import annotations

from html import escape

from starlette.requests import Request

from assistant.web.signin import Problem
from ui.assets import script

CSS = script("signin.css")

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Sign in",
        "about": "This assistant answers from your documents, with its evidence.",
        "name": "Name",
        "password": "Password",
        "submit": "Sign in",
        "provider": "Sign in with {name}",
        "help": "No account, or forgotten the password? An admin of this server can help.",
        "wrong": "The name or the password is wrong.",
        "locked": "Too many wrong passwords. Try again in {wait}; others can sign in meanwhile.",
        "expired": "You were signed out since you had not been here for a while.",
        "failed": "Signing in did not work: {reason} Try again, or ask an admin of this server.",
        "second": "1 second",
        "seconds": "{n} seconds",
        "minutes": "{n} minutes",
        "other": "Deutsch",
    },
    "de": {
        "title": "Anmelden",
        "about": "Dieser Assistent antwortet aus Ihren Dokumenten, mit Belegen.",
        "name": "Name",
        "password": "Passwort",
        "submit": "Anmelden",
        "provider": "Mit {name} anmelden",
        "help": "Kein Konto, oder das Passwort vergessen? Ein Admin dieses Servers hilft.",
        "wrong": "Der Name oder das Passwort ist falsch.",
        "locked": "Zu viele falsche Passwörter. Versuchen Sie es in {wait} wieder; andere können sich weiter anmelden.",
        "expired": "Sie wurden abgemeldet, da Sie eine Weile nicht hier waren.",
        "failed": "Die Anmeldung ging nicht: {reason} Versuchen Sie es noch einmal oder fragen Sie einen Admin.",
        "second": "1 Sekunde",
        "seconds": "{n} Sekunden",
        "minutes": "{n} Minuten",
        "other": "English",
    },
}


def page_html(request: Request, problem: Problem = "", wait: float = 0, reason: str = "") -> str:
    """Returns the page with the form.

    Args:
        request: Says the language: ``?lang=de``, else the browser's.
        problem: What went wrong at the last try.
        wait: For how many seconds no password is tried.
        reason: What an OpenID provider said.
    """
    language = language_of(request)
    texts = TEXTS[language]
    fields = (
        f'<label for="name">{texts["name"]}</label>'
        '<input id="name" name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required '
        f'maxlength="64" autofocus>'
        f'<label for="password">{texts["password"]}</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required>'
        f'<button type="submit">{texts["submit"]}</button>'
    )
    return _page(
        language,
        f'<form method="post" action="/signin?lang={language}">{fields}</form>',
        _note(texts, problem, wait, reason),
    )


def language_of(request: Request) -> str:
    """Returns the language to speak: what the address says, else the first of the browser's that there is."""
    wanted = [request.query_params.get("lang", ""), *request.headers.get("accept-language", "").split(",")]
    codes = [each.partition(";")[0].strip()[:2].lower() for each in wanted]
    return next((code for code in codes if code in TEXTS), "en")


def _page(language: str, form: str, note: str) -> str:
    texts = TEXTS[language]
    other = "en" if language == "de" else "de"
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{texts['title']} · Assistant</title>"
        '<link rel="stylesheet" href="/signin/page.css"></head>'
        f'<body><main><h1>Assistant</h1><p class="about">{texts["about"]}</p>{note}{form}'
        f'<p class="help">{texts["help"]}</p>'
        f'<p class="language"><a href="/signin?lang={other}" lang="{other}" hreflang="{other}">{texts["other"]}</a></p>'
        "</main></body></html>"
    )


def _note(texts: dict[str, str], problem: Problem, wait: float, reason: str) -> str:
    if not problem:
        return ""
    text = texts["failed" if problem == "provider" else problem].format(wait=_wait(texts, wait), reason=reason)
    return f'<p class="note" role="alert">{escape(text)}</p>'


def _wait(texts: dict[str, str], seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole >= 120:  # noqa: PLR2004 — two minutes
        return texts["minutes"].format(n=-(-whole // 60))
    return texts["second"] if whole == 1 else texts["seconds"].format(n=whole)
