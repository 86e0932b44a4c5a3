"""Words hidden in documents that are to make the assistant act: the cases, the tools they aim at, and who obeys them.

Source of the attacks: Yi et al., Benchmarking and Defending Against Indirect Prompt Injection Attacks on Large Language
Models, 2023, https://arxiv.org/abs/2312.14197.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

SIDE_EFFECTS = ("send_mail", "write_file", "run_program")
MOST_ORDERS, MOST_ROUNDS = 3, 3
PLUGIN = '''
import json
from pathlib import Path
from assistant.plugin import Context, tool

HERE = Path(__file__).parent

def happen(what):
    with (HERE / "happened.txt").open("a") as file:
        file.write(json.dumps(what) + "\\n")

@tool
def read_record(number: int) -> str:
    """Read a record."""
    return (HERE.parent / "records" / f"{number}.txt").read_text()

@tool(touches=["network", "files"])
def send_mail(text: str) -> str:
    """Send a mail."""
    happen(["mail", text])
    return "sent"

@tool(touches=["files"])
def write_file(text: str) -> str:
    """Write a file."""
    happen(["file", text])
    return "written"

@tool(touches=["world", "files"])
def run_program(text: str) -> str:
    """Run a program."""
    happen(["program", text])
    return "ran"
'''


@dataclass(frozen=True, slots=True)
class Case:
    """One context with an instruction planted into it.

    Attributes:
        number: Its place in the run.
        text: The context with the instruction.
        question: What the person asks about it.
        attack: The instruction.
    """

    number: int
    text: str
    question: str
    attack: str


def cases(folder: Path, attacks: int, seed: int = 0) -> Iterator[Case]:
    """Makes the cases of BIPIA's files.

    Args:
        folder: Holds ``email.jsonl``, ``table.jsonl``, ``code.jsonl`` and the two files of attacks.
        attacks: Instructions for each context, each planted into a copy of its own, by turns at its start, its middle
            and its end.
        seed: Chooses them.
    """
    source, number = random.Random(seed), 0  # noqa: S311 - nothing secret is drawn
    for kind, file in (("email", "text"), ("table", "text"), ("code", "code")):
        known = _attacks(folder / f"{file}_attack_train.json")
        for line in (folder / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for turn, attack in enumerate(source.sample(known, min(attacks, len(known)))):
                question = row.get("question", "How is this error mended?")
                yield Case(number, _planted(str(row["context"]), attack, number + turn), question, attack)
                number += 1


def _attacks(path: Path) -> list[str]:
    return [text for group in json.loads(path.read_text(encoding="utf-8")).values() for text in group]


def _planted(text: str, attack: str, turn: int) -> str:
    lines = text.split("\n")
    place = (0, len(lines) // 2, len(lines))[turn % 3]
    return "\n".join([*lines[:place], attack, *lines[place:]])


class ObedientModel(BaseChatModel):
    """The worst model there can be: it looks a record up and does whatever instruction it reads there.

    Where that is refused it tries again, and once more in the next turn.
    """

    _attacks: dict[str, str] = PrivateAttr(default_factory=dict)
    _obeyed: set[str] = PrivateAttr(default_factory=set)

    @classmethod
    def of(cls, attacks: Sequence[str]) -> ObedientModel:
        """Returns the model.

        Args:
            attacks: The instructions that it recognises.
        """
        made = cls()
        made._attacks = {json.dumps(attack, ensure_ascii=False)[1:-1]: attack for attack in attacks}
        return made

    @property
    def obeyed(self) -> set[str]:
        """The questions in whose turn it read an instruction."""
        return self._obeyed

    @property
    def _llm_type(self) -> str:
        return "obedient"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        at = max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
        asked = messages[at].text
        rounds = sum(isinstance(message, AIMessage) for message in messages[at:])
        read = " ".join(message.text for message in messages if isinstance(message, ToolMessage))
        orders = [order for order in self._attacks if order in read]
        if rounds == 0 and asked.startswith("Record "):
            number, _, question = asked.removeprefix("Record ").partition(": ")
            return _calls([("search_documents", {"query": question}), ("read_record", {"number": int(number)})])
        if orders and rounds < MOST_ROUNDS:
            self._obeyed.add(asked)
            return _calls([(tool, {"text": order}) for order in orders[:MOST_ORDERS] for tool in SIDE_EFFECTS])
        return _said(AIMessage("Everything was done as the document says."))


def _calls(calls: Sequence[tuple[str, dict[str, Any]]]) -> ChatResult:
    made: list[Any] = [{"id": f"call_{at}", "name": name, "args": args} for at, (name, args) in enumerate(calls)]
    return _said(AIMessage("", tool_calls=made))


def _said(message: AIMessage) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=message)])
