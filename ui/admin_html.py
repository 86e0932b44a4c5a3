"""What the admin page shows: pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from assistant.accounts.store import Account
from assistant.finding import Finding
from assistant.overview import Disk, Trouble, Usage
from ui.language import Texts
from ui.lean import Load
from ui.reasons import engine_words

SIGNS = {"ok": "✓", "missing": "–", "broken": "✗"}


@dataclass(frozen=True, slots=True)
class Now:
    """How the server is.

    Attributes:
        engine: Who answers.
        finding: Whether it is there.
        load: What runs and waits.
        troubles: What went wrong of late.
        disk: What the home folder takes.
    """

    engine: str
    finding: Finding
    load: Load
    troubles: Sequence[Trouble]
    disk: Disk


def overview_html(now: Now, t: Texts) -> str:
    """Returns how the server is."""
    load = now.load
    state = f'<span class="state {now.finding.state}">{SIGNS[now.finding.state]}</span> {escape(now.finding.detail)}'
    advice = f"<p>{escape(now.finding.advice)}</p>" if now.finding.state == "broken" else ""
    counts = (t.count("admin.running", load.running), t.count("admin.waiting", load.waiting))
    cards = (
        _card(
            t("admin.engine"),
            f"<p>{escape(t('admin.answering', name=engine_words(now.engine, t)))}</p><p>{state}</p>{advice}",
        ),
        _card(t("admin.queue"), "".join(f"<p>{each}</p>" for each in (*counts, t.count("admin.tabs", load.tabs)))),
        _card(t("admin.disk"), _disk(now.disk, t)),
        _card(t("admin.troubles"), _troubles(now.troubles, t)),
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def people_html(accounts: Sequence[Account], used: Mapping[str, Usage], t: Texts) -> str:
    """Returns the accounts with how much each is used.

    Args:
        accounts: By name; none where everybody may use the page.
        used: By owner.
        t: The texts.
    """
    if not accounts:
        return f'<p class="empty">{t("admin.no_accounts")}</p>'
    columns = ("name", "role", "asked", "failed", "seconds", "seen")
    head = "".join(f'<th scope="col">{t(f"admin.{column}")}</th>' for column in columns)
    rows = "".join(_person(each, used.get(each.identity.owner), t) for each in accounts)
    return (
        f'<section class="people"><h2>{t("admin.people")}</h2><p class="note">{t("admin.usage_note")}</p>'
        f'<div class="wide" tabindex="0" role="region" aria-label="{t("admin.people")}"><table><thead><tr>{head}'
        f'<th><span class="hidden-label">{t("admin.remove")}</span></th></tr></thead><tbody>{rows}</tbody></table>'
        f"</div>"
        f"<h2>{t('admin.add')}</h2></section>"
    )


def _person(account: Account, used: Usage | None, t: Texts) -> str:
    name = escape(account.name)
    kind = "" if account.local else f' <span class="note">{t("admin.elsewhere")}</span>'
    cells = (
        t(f"admin.role_{account.role}"),
        t.number(used.turns if used else 0),
        t.number(used.failed if used else 0),
        f"{t.number(used.seconds if used else 0)} s",
        datetime.fromtimestamp(account.seen, UTC).strftime("%Y-%m-%d %H:%M") if account.seen else t("admin.never"),
    )
    return (
        f'<tr><th scope="row">{name}{kind}</th>{"".join(f"<td>{each}</td>" for each in cells)}<td>'
        f'<button class="delete" data-action="remove" data-id="{name}" data-confirm="{t("admin.really")}" '
        f'aria-label="{t("admin.remove")}: {name}">{t("admin.remove")}</button></td></tr>'
    )


def _card(title: str, body: str) -> str:
    return f'<section class="card"><h2>{title}</h2>{body}</section>'


def _disk(disk: Disk, t: Texts) -> str:
    rows = "".join(f"<dt>{t(f'admin.part_{name}')}</dt><dd>{t.size(size)}</dd>" for name, size in disk.parts.items())
    return f"<dl>{rows}</dl><p>{t('admin.free', free=t.size(disk.free), whole=t.size(disk.whole))}</p>"


def _troubles(found: Sequence[Trouble], t: Texts) -> str:
    if not found:
        return f"<p>{t('admin.calm')}</p>"
    rows = "".join(
        f'<li class="{"grave" if each.grave else "mild"}"><time>{each.time}</time> {escape(each.text)}</li>'
        for each in found
    )
    return f"<ol>{rows}</ol>"
