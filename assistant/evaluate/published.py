"""Reads public sets in the layout in which they are published, as the rows that the suites take."""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from assistant.evaluate.errors import EvalError

Rows = Iterator[dict[str, Any]]
# GSM8K marks the calculations of its solutions so.
CALCULATION = re.compile(r"<<([^=<>]+)=([^<>]+)>>")
OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a set is published.

    Attributes:
        set: Its name.
        folder: Below which folder of the full sets it may lie, if it does not lie in that folder itself.
        file: The name of its file, which may be a pattern.
        read: Makes rows of it.
    """

    set: str
    folder: str
    file: str
    read: Callable[[Path], Rows]

    def find(self, folder: Path) -> Path | None:
        """Returns the newest version of its file below a folder; None where there is none."""
        places = [folder / self.folder, folder]
        return next((path for place in places for path in sorted(place.glob(self.file), reverse=True)), None)


def published(folder: Path, file: str) -> list[dict[str, Any]]:
    """Reads a set as it is published.

    Args:
        folder: The folder of full sets, or of this one.
        file: The file of our own layout that it stands in for, such as ``squad2/corpus.jsonl``.

    Raises:
        EvalError: It is not there, or in another layout.
    """
    layout = LAYOUTS.get(file)
    found = layout.find(folder) if layout else None
    if not layout or not found:
        other = f", nor {layout.file} of {layout.set} there or in its folder {layout.folder}" if layout else ""
        raise EvalError(f"There is no {folder / file}{other}; check --data, see docs/measuring.md.")
    try:
        return list(layout.read(found))
    except OSError as error:
        raise EvalError(f"{found} cannot be read ({error.strerror or error}).") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvalError(f"{found} is not in the layout in which {layout.set} is published.") from error


def lines(path: Path) -> list[dict[str, Any]]:
    """Reads a file of JSON lines, packed or not.

    Raises:
        EvalError: A line is none.
    """
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise EvalError(f"{path}, line {number}: this is no JSON.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise EvalError(f"{path}: each line must be a JSON object.")
    return rows


def _gsm8k(path: Path) -> Rows:
    """The calculations of the solutions whose printed result is exact; others were rounded by whoever wrote them."""
    for number, row in enumerate(lines(path)):
        for turn, (expression, printed) in enumerate(CALCULATION.findall(row["answer"])):
            expected = printed.replace(",", "").strip()
            if _exact(expression) == _exact(expected) is not None:
                yield {"id": f"gsm8k-{number}-{turn}", "expression": expression, "expected": expected}


def _exact(text: str) -> Fraction | None:
    try:
        return _value(ast.parse(re.sub(r"(?<![\d.])0+(?=\d)", "", text.strip()), mode="eval").body, text.strip())
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None


def _value(node: ast.expr, text: str) -> Fraction:
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(repr(node.value))
    raise ValueError(text)


def _squad(path: Path) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yields each paragraph with its article's title and an id of its own."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            name = f"sq-{hashlib.sha256(paragraph['context'].encode()).hexdigest()[:12]}"
            yield name, paragraph, article["title"].replace("_", " ")


def _squad_corpus(path: Path) -> Rows:
    for name, paragraph, title in _squad(path):
        yield {"id": name, "title": title, "text": paragraph["context"]}


def _squad_questions(path: Path) -> Rows:
    for name, paragraph, title in _squad(path):
        for asked in paragraph["qas"]:
            yield {
                "id": asked["id"],
                "text": asked["question"],
                "gold_paragraph": name,
                "title": title,
                "unanswerable": asked["is_impossible"],
                "answers": list(dict.fromkeys(answer["text"] for answer in asked["answers"])),
            }


def _bfcl(path: Path) -> Rows:
    """Cases with the accepted answers that lie beside them; those of irrelevance have none."""
    answers = path.parent / "possible_answer" / path.name
    truth = {row["id"]: row["ground_truth"] for row in lines(answers)} if answers.exists() else {}
    if not truth and "irrelevance" not in path.name:
        raise EvalError(f"There is no {answers}, which has the accepted answers.")
    for row in lines(path):
        case = {"id": row["id"], "question": row["question"], "function": row["function"]}
        yield case | {"ground_truth": truth[row["id"]] if truth else None}


def _humaneval(path: Path) -> Rows:
    for row in lines(path):
        yield {key: row[key] for key in ("task_id", "prompt", "entry_point", "canonical_solution", "test")}


def _selfaware(path: Path) -> Rows:
    for row in json.loads(path.read_text(encoding="utf-8"))["example"]:
        yield {"id": f"sa-{row['question_id']}", "text": row["question"], "answerable": row["answerable"]}


SQUAD = ("SQuAD 2.0", "squad2", "dev-v2.0.json")
LAYOUTS = {
    "squad2/corpus.jsonl": Layout(*SQUAD, _squad_corpus),
    "squad2/questions.jsonl": Layout(*SQUAD, _squad_questions),
    "gsm8k/expressions.jsonl": Layout("GSM8K", "gsm8k", "test.jsonl", _gsm8k),
    "humaneval/problems.jsonl": Layout("HumanEval", "humaneval", "HumanEval.jsonl*", _humaneval),
    "selfaware/questions.jsonl": Layout("SelfAware", "selfaware", "SelfAware.json", _selfaware),
    **{
        f"bfcl/{name}.jsonl": Layout("the Berkeley Function Calling Leaderboard", "bfcl", f"BFCL_v*_{name}.json", _bfcl)
        for name in ("simple_python", "multiple", "parallel", "irrelevance")
    },
}
