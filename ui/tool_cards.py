"""The tools as the page shows them: all of them with their switches, and one with its form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from html import escape

from assistant.schema import Tool
from assistant.toolbox import Toolbox
from ui.exact import visible
from ui.language import Texts
from ui.text import listed
from ui.tool_form import form_html


def tools_html(toolbox: Toolbox, off: Collection[str], t: Texts, *, begun: bool) -> str:
    """Returns the list of tools.

    Args:
        toolbox: What there is.
        off: What is turned off.
        t: What the page says.
        begun: Whether the conversation has a question already.
    """
    intro = t.html("tools.intro" if begun else "tools.intro_new")
    rows = "".join(_row(tool, t, on=tool.name not in off) for tool in toolbox.tools.values())
    listing = f"<ul>{rows}</ul>" if rows else f'<div class="empty"><b>{t.html("tools.none")}</b></div>'
    broken = _faults("broken", toolbox.broken, t)
    return (
        f'<div class="tools"><p class="about">{intro}</p>{broken}{listing}{_faults("absent", toolbox.absent, t)}</div>'
    )


def tool_html(tool: Tool, t: Texts) -> str:
    """Returns one tool with the form to try it."""
    examples = "".join(f"<li>{escape(each)}</li>" for each in tool.options.examples)
    asked = f"<p>{t.html('tools.examples')}</p><ul>{examples}</ul>" if examples else ""
    limit = t.html("tools.limit", n=t.number(tool.options.timeout))
    return (
        f'<section class="tool" aria-label="{escape(tool.name)}"><button type="button" data-action="close">'
        f"{t.html('tools.back')}</button><h2><code>{escape(tool.name)}</code></h2>"
        f'<p class="about">{escape(visible(tool.description))}</p><p class="facts">{_facts(tool, t)} {limit}</p>{asked}'
        f'<form class="trial" aria-label="{t.html("tools.trial")}" data-tool="{escape(tool.name)}">'
        f"<p>{t.html('tools.trial_hint')}</p>{form_html(tool.parameters, t)}"
        f'<button type="submit">{t.html("tools.run")}</button></form></section>'
    )


def _row(tool: Tool, t: Texts, *, on: bool) -> str:
    name = escape(tool.name)
    first = escape(visible(tool.description.strip().splitlines()[0]))
    ticked, state = (" checked", "on") if on else ("", "off")
    return (
        f'<li class="{state}"><label class="switch" title="{t.html("tools.use", name=tool.name)}">'
        f'<input type="checkbox" role="switch" data-tool="{name}"{ticked} '
        f'aria-label="{t.html("tools.use", name=tool.name)}"><i></i></label><div>'
        f'<button type="button" class="open" data-action="open" data-id="{name}">{name}</button>'
        f'<span class="facts">{first}</span><span class="facts">{_facts(tool, t)}</span></div></li>'
    )


def _facts(tool: Tool, t: Texts) -> str:
    options = tool.options
    when = options.approval.replace(" ", "_")
    parts = [f'<span class="class {when}">{t.html(f"tools.{when}")}</span>']
    if options.touches:
        reached = listed([t(f"approval.{each}") for each in options.touches], t("turn.and"))
        parts.append(f'<span class="class touches">{t.html("tools.touches", touches=reached)}</span>')
    parts.append(f"<span>{t.html('tools.from', source=visible(str(tool.source)))}</span>")
    return " ".join(parts)


def _faults(key: str, faults: Mapping[str, str], t: Texts) -> str:
    if not faults:
        return ""
    # Most reasons begin with where they are from.
    rows = "".join(
        f"<li><b>{escape(visible(name))}</b> {escape(visible(why.removeprefix(f'{name}: ')))}</li>"
        for name, why in faults.items()
    )
    return f'<section class="faults {key}"><h3>{t.html(f"tools.{key}")}</h3><ul>{rows}</ul></section>'
