"""The questions that the page suggests to a newcomer, asked to the built-in engine over the documents that ship."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.app import build
from assistant.events import Answer
from assistant.samples import DOCUMENTS, QUESTIONS
from assistant.session import Assistant
from assistant.settings import Settings

ASKED = json.loads(QUESTIONS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


@pytest.fixture
async def samples(filled: Path) -> AsyncIterator[Assistant]:
    async with build(Settings(home=filled, engine="builtin")) as assistant:
        assistant.library.add([DOCUMENTS])
        yield assistant


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked["question"])
async def test_a_suggested_question_gets_what_it_promises(samples: Assistant, asked: dict[str, Any]) -> None:
    end = await samples.ask(asked["question"])
    assert isinstance(end, Answer), end
    assert end.unsupported == ()
    assert end.abstained == (asked["expect"] == "declined")
    if asked["expect"] == "computed":
        assert asked["result"] in end.text
        assert [call.name for call in end.tool_calls] == ["calculator"]
    if asked["expect"] == "answered":
        quotes = {(Path(c.document).name, c.page): " ".join(c.quote.split()) for c in end.citations}
        assert asked["phrase"] in quotes[asked["document"], asked["page"]]
