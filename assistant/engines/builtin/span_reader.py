"""The trained reader at work: where in a passage the answer to a question stands, without importing torch.

The checkpoint holds the layers that were trained; the embeddings and the lowest layers are those of the installed
MiniLM, from which the training began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from index.bert import INPUTS, Bert, processor_settings
from index.embed import installed_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "reader"
WEIGHTS, ABOUT = "model.safetensors", "training.json"
MAX_TOKENS = 256
MAX_QUESTION = 1_000  # characters; a longer request is no question


class ReaderMissing(Exception):
    """The checkpoint cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of one text.

    Attributes:
        offsets: Each token's first character and the one past its last, shape (tokens, 2).
        start: Logits of the answer's first token, less that of there being none, shape (tokens,).
        end: The same for its last.
        answerable: Logit of the text holding the answer.
    """

    offsets: NDArray[np.int64]
    start: NDArray[np.float32]
    end: NDArray[np.float32]
    answerable: float


class SpanReader:
    """The network, loaded when it is first needed; used by several threads at once.

    Args:
        folder: Holds the checkpoint.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._lock = Lock()
        self._loaded: _Network | None = None
        self._why: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the checkpoint cannot be used; None where it can. Loads it."""
        try:
            self._ready()
        except ReaderMissing as error:
            return str(error)
        return None

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """Reads each text for the answer.

        Raises:
            ReaderMissing: The checkpoint cannot be used.
        """
        return self._ready().read(question[:MAX_QUESTION], texts) if texts else []

    def _ready(self) -> _Network:
        with self._lock:
            if self._why:
                raise ReaderMissing(self._why)
            if self._loaded is None:
                try:
                    self._loaded = _load(self._folder)
                except ReaderMissing as error:
                    self._why = str(error)
                    raise
            return self._loaded


class _Network:
    def __init__(self, network: Any, tokenizer: Any) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._parallel = int(network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        import numpy as np

        coded = self._tokenizer.encode_batch([(question, text) for text in texts])
        # By length, so that little is filled up, and shared out among the cores.
        order = sorted(range(len(coded)), key=lambda row: -len(coded[row].ids))
        size = -(-len(order) // self._parallel)
        running = []
        for rows in (order[first : first + size] for first in range(0, len(order), size)):
            request = self._network.create_infer_request()
            request.start_async(_inputs([coded[row] for row in rows]))
            running.append((rows, request))
        found: dict[int, Reading] = {}
        for rows, request in running:
            request.wait()
            spans, answerable = (request.get_output_tensor(at).data.astype(np.float32) for at in (0, 1))
            for place, row in enumerate(rows):
                found[row] = _reading(coded[row], spans[place], float(answerable[place].item()))
        return [found[row] for row in range(len(texts))]


def _reading(coded: Any, spans: NDArray[np.float32], answerable: float) -> Reading:
    """Of the tokens, those of the text; the first of all stands for there being no answer."""
    import numpy as np

    first = next((at for at, side in enumerate(coded.sequence_ids) if side == 1), len(coded.ids))
    last = max((at for at, side in enumerate(coded.sequence_ids) if side == 1), default=first - 1) + 1
    offsets = np.array(coded.offsets[first:last], np.int64).reshape(-1, 2)
    start, end = (spans[first:last, side] - spans[0, side] for side in (0, 1))
    return Reading(offsets, start, end, answerable)


def _inputs(coded: Sequence[Any]) -> dict[str, NDArray[np.int64]]:
    import numpy as np

    longest = max(len(one.ids) for one in coded)
    inputs = {name: np.zeros((len(coded), longest), np.int64) for name in INPUTS}
    for row, one in enumerate(coded):
        for name, values in zip(INPUTS, (one.ids, one.attention_mask, one.type_ids), strict=True):
            inputs[name][row, : len(values)] = values
    return inputs


def _load(folder: Path) -> _Network:
    try:
        from safetensors.numpy import load, load_file

        base = installed_model()
        weights = {**load_file(base / WEIGHTS), **load(_whole(folder))}
        return _compiled(weights, json.loads((base / "config.json").read_text(encoding="utf-8")), base)
    except Exception as error:  # safetensors and OpenVINO have errors of their own, without a common base
        raise _missing(folder, error) from error


def _whole(folder: Path) -> bytes:
    content = (folder / WEIGHTS).read_bytes()
    if hashlib.sha256(content).hexdigest() != json.loads((folder / ABOUT).read_text(encoding="utf-8"))["sha256"]:
        raise ValueError("the file is damaged")
    return content


def _compiled(weights: Mapping[str, NDArray[np.floating]], config: Mapping[str, Any], base: Path) -> _Network:
    import openvino
    from openvino import opset15 as ops
    from tokenizers import Tokenizer

    bert = Bert({name.removeprefix("bert."): weight for name, weight in weights.items()}, config)
    first = ops.gather(bert.states, ops.constant(0), ops.constant(1))
    inner = ops.gelu(bert.linear(first, "answerable.0"), "erf")
    outputs = [bert.linear(bert.states, "span"), bert.linear(inner, "answerable.2")]
    core = openvino.Core()
    network = core.compile_model(openvino.Model(outputs, bert.inputs, "reader"), "CPU", processor_settings(core))
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    return _Network(network, tokenizer)


def _missing(folder: Path, error: Exception) -> ReaderMissing:
    why = " ".join(str(error).split())[:200] or type(error).__name__
    return ReaderMissing(
        f"The reader's checkpoint {folder / WEIGHTS} cannot be used ({why}); install the assistant again, or go on "
        "without it: answers are then found by likeness alone."
    )
