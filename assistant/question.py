"""What a question has to be before anything is done about it."""

from __future__ import annotations

from assistant.errors import BadQuestion


def accepted(question: str, limit: int) -> str:
    """Returns a question as it can be stored.

    Args:
        question: As it was asked.
        limit: How many characters it may have.

    Raises:
        BadQuestion: It is empty or too long.
    """
    if not question.strip():
        raise BadQuestion("The question is empty; type one.")
    if len(question) > limit:
        raise BadQuestion(
            f"The question has {len(question):,} characters, more than {limit:,}; "
            "add long texts to the library and ask about them."
        )
    return question.encode("utf-8", "replace").decode()  # half a pair of surrogates can be stored nowhere
