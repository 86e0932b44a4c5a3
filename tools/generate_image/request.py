"""What is asked of a model, checked before anything is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from assistant.plugin import ToolError

from .settings import PictureSettings

LONGEST_PROMPT = 2000
MOST_STEPS = 200
HIGHEST_GUIDANCE = 50.0
SMALLEST_SIDE = 64
ASKING = re.compile(
    r"^(?:please |can you |could you )*(?:draw|paint|make|generate|create|render|sketch)(?: me| us)?"
    r"(?: (?:an?|two|three|four|five|\d+)(?: new)? (?:picture|image|drawing|painting|illustration)s?(?: of|:))? ",
    re.I,
)
SIZE = re.compile(r"\s*(\d{1,7})\s*(?:[x×*]|by)\s*(\d{1,7})\s*|\s*(\d{1,7})\s*")


@dataclass(frozen=True, slots=True)
class Request:
    """One request for pictures.

    Attributes:
        prompt: What is to be seen.
        negative: What is not; may be empty.
        width: In pixels; None as the model likes.
        height: Likewise.
        count: How many pictures.
        seed: Of the first; the next one has the next.
        steps: None as the model likes.
        guidance: Likewise.
    """

    prompt: str
    negative: str
    width: int | None
    height: int | None
    count: int
    seed: int
    steps: int | None
    guidance: float | None


def checked_prompt(prompt: str, what: str = "prompt") -> str:
    """Returns a prompt without space around it.

    Raises:
        ToolError: It is empty or too long.
    """
    prompt = " ".join(prompt.split())
    if not prompt and what == "prompt":
        raise ToolError("The prompt is empty; say in some words what the picture shows, such as: a lighthouse at dusk.")
    if len(prompt) > LONGEST_PROMPT:
        raise ToolError(
            f"The {what} has {len(prompt):,} characters, and {LONGEST_PROMPT:,} is the most; a few sentences suffice."
        )
    return prompt


def bare(prompt: str) -> str:
    """Returns a prompt without the words that ask for it, such as ``please draw me``."""
    return ASKING.sub("", prompt) or prompt


def checked_size(size: str, settings: PictureSettings) -> tuple[int | None, int | None]:
    """Reads a size such as ``1024x768``, or ``512`` for a square.

    Raises:
        ToolError: It is no size, or too small or large.
    """
    if not size.strip():
        return None, None
    found = SIZE.fullmatch(size)
    if not found:
        raise ToolError(f"'{size[:40]}' is no size; write width and height in pixels, such as 1024x768.")
    width, height = int(found[1] or found[3]), int(found[2] or found[3])
    if min(width, height) < SMALLEST_SIDE or max(width, height) > settings.largest_side:
        raise ToolError(
            f"A picture of {width}x{height} cannot be made; each side has {SMALLEST_SIDE} to "
            f"{settings.largest_side} pixels."
        )
    return width, height


def checked_count(count: int, settings: PictureSettings) -> int:
    """Returns a number of pictures.

    Raises:
        ToolError: It is too small or large.
    """
    if not 1 <= count <= settings.most_pictures:
        raise ToolError(f"{count:,} pictures cannot be made at once; ask for 1 to {settings.most_pictures}.")
    return count


def checked_steps(steps: int | None, guidance: float | None) -> None:
    """Looks whether a model could take them.

    Raises:
        ToolError: It could not.
    """
    if steps is not None and not 1 <= steps <= MOST_STEPS:
        raise ToolError(
            f"{steps:,} steps cannot be taken; ask for 1 to {MOST_STEPS}, of which 20 to 30 mostly suffice."
        )
    if guidance is not None and not 0 <= guidance <= HIGHEST_GUIDANCE:
        raise ToolError(
            f"A guidance of {guidance:g} cannot be used; it goes from 0 to {HIGHEST_GUIDANCE:g}, mostly 3 to 8."
        )


def checked_seed(seed: int | None, random: Random) -> int:
    """Returns a seed; draws one where none is given.

    Raises:
        ToolError: It is negative or too large.
    """
    if seed is None:
        return random.randrange(2**31)
    if not 0 <= seed < 2**63 - 10_000:
        raise ToolError("A seed is a whole number from 0 up, with at most 18 digits.")
    return seed
