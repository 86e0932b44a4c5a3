"""How the page looks: Gradio's theme with the fonts of the person's own system, and a style sheet."""

from __future__ import annotations

import gradio as gr

from ui.assets import script

_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


def make_theme() -> gr.themes.Base:
    """Returns the theme; it asks no other host for a font."""
    base = gr.themes.Base(
        primary_hue="teal", secondary_hue="teal", neutral_hue="slate", font=_FONTS, font_mono=_MONO, radius_size="md"
    )
    # Gradio's own are too pale to be read easily: these have a contrast of at least 4.5 to 1.
    theme: gr.themes.Base = base.set(
        color_accent="*primary_700",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
    )
    return theme


THEME = make_theme()
CSS = script("page.css") + script("panels.css") + script("account.css")
