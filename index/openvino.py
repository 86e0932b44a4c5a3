"""Sentence-transformers models on OpenVINO: the fastest that this processor can do, without importing torch.

In bf16, where the processor has it, the vectors agree with torch's in float32 to a cosine of .9999 and better.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from index.bert import INPUTS, Bert, NotBert, processor_settings
from index.tokens import TokenStates

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Encoding

T = TypeVar("T")
BATCH = 16
POOLED, STATES = 0, 1  # outputs of the network
POOLINGS = ("pooling_mode_mean_tokens", "pooling_mode_cls_token")
MODULES = ("Transformer", "Pooling", "Normalize")


class Unsuitable(Exception):
    """The model or the machine is none for this; the text says why."""


@dataclass(frozen=True, slots=True)
class _Coded:
    row: int
    length: int
    encoding: Encoding


class OpenVinoModel:
    """A BERT encoder with its pooling, ready; any number of threads may use it at once.

    Args:
        folder: A sentence-transformers model.

    Attributes:
        dimensions: Numbers in a vector.
        max_tokens: Tokens of a text that are taken into account, the model's own marks included.

    Raises:
        Unsuitable: It is of another form, or OpenVINO cannot run here.
    """

    def __init__(self, folder: Path) -> None:
        try:
            import openvino
            from tokenizers import Tokenizer

            config = _read(folder / "config.json")
            graph = _graph(folder, config)
            core = openvino.Core()
            self._network = core.compile_model(graph, "CPU", processor_settings(core))
            self._parallel = int(self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Unsuitable:
            raise
        except Exception as error:  # of a foreign runtime, which has no errors of its own to name
            raise Unsuitable(f"OpenVINO cannot run {folder}: {' '.join(str(error).split())[:300]}") from error
        self.dimensions = int(config["hidden_size"])
        self.max_tokens = _max_tokens(folder, config)
        self._tokenizer.enable_truncation(self.max_tokens)
        self._tokenizer.no_padding()
        self._counter.no_truncation()
        self._counter.no_padding()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embeds texts, several batches at once.

        Returns:
            Shape (n, dimensions), rows of length 1.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for coded, found in self._run(texts):
            vectors[[one.row for one in coded]] = found.get_output_tensor(POOLED).data
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors

    def embed_with_tokens(
        self, texts: Sequence[str], use: Callable[[TokenStates], T]
    ) -> tuple[NDArray[np.float32], list[T]]:
        """Embeds texts and their tokens in one go.

        Args:
            texts: Any texts.
            use: Called with each text's tokens while the next batch is computed; only what it returns is kept.

        Returns:
            What ``embed`` does, and what ``use`` made of each text's tokens.
        """
        import numpy as np

        vectors, used = np.zeros((len(texts), self.dimensions), np.float32), dict[int, T]()
        for coded, found in self._run(texts):
            vectors[[one.row for one in coded]] = found.get_output_tensor(POOLED).data
            for one, states in zip(coded, found.get_output_tensor(STATES).data, strict=True):
                words = one.encoding.tokens[1:-1]
                used[one.row] = use(TokenStates(words, states[1 : 1 + len(words)]))
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors, [used[row] for row in range(len(texts))]

    def _run(self, texts: Sequence[str]) -> Iterator[tuple[list[_Coded], Any]]:
        """Yields batches with their finished requests, whose outputs are to be taken before the next is asked for."""
        found = self._tokenizer.encode_batch(list(texts))
        # By length, so that little is filled up; the longest first, so that no core is left with them at the end.
        coded = sorted((_Coded(row, len(one), one) for row, one in enumerate(found)), key=lambda one: -one.length)
        size = max(1, min(BATCH, -(-len(coded) // self._parallel)))  # a few texts are shared out as well
        waiting = deque(coded[first : first + size] for first in range(0, len(coded), size))
        # Not openvino's AsyncInferQueue: its threads call back into Python, which aborts a process that ends meanwhile.
        idle = [self._network.create_infer_request() for _ in range(min(self._parallel, len(waiting)))]
        running: deque[tuple[list[_Coded], Any]] = deque()
        while waiting or running:
            while waiting and idle:
                request, batch = idle.pop(), waiting.popleft()
                request.start_async(_inputs(batch))
                running.append((batch, request))
            batch, request = running.popleft()
            request.wait()
            yield batch, request
            idle.append(request)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Returns how many tokens each text has, the model's own marks left out."""
        return [len(found.ids) for found in self._counter.encode_batch(list(texts), add_special_tokens=False)]


def _inputs(coded: Sequence[_Coded]) -> dict[str, NDArray[np.int64]]:
    import numpy as np

    longest = max(one.length for one in coded)
    inputs = {name: np.zeros((len(coded), longest), np.int64) for name in INPUTS}
    for row, one in enumerate(coded):
        inputs["input_ids"][row, : one.length] = one.encoding.ids
        inputs["attention_mask"][row, : one.length] = 1
        inputs["token_type_ids"][row, : one.length] = one.encoding.type_ids
    return inputs


def _graph(folder: Path, config: dict[str, Any]) -> Any:
    import openvino
    from safetensors.numpy import load_file

    pooling = _pooling(folder)
    try:
        weights = load_file(folder / "model.safetensors")
        bert = Bert({name.removeprefix("bert."): weight for name, weight in weights.items()}, config)
    except (NotBert, OSError) as error:
        raise Unsuitable(f"{folder}: {error}") from error
    pooled = _mean(bert) if pooling == POOLINGS[0] else _first(bert)
    return openvino.Model([pooled, bert.states], bert.inputs, folder.name)


def _pooling(folder: Path) -> str:
    modules = [str(module["type"]).rpartition(".")[2] for module in _read(folder / "modules.json")]
    if tuple(modules) not in (MODULES, MODULES[:2]):
        raise Unsuitable(f"{folder} has steps of its own: {', '.join(modules)}")
    (where,) = (module["path"] for module in _read(folder / "modules.json") if module["type"].endswith("Pooling"))
    modes = _read(folder / where / "config.json")
    chosen: list[str] = [name for name, on in modes.items() if name.startswith("pooling_mode_") and on is True]
    if len(chosen) != 1 or chosen[0] not in POOLINGS:
        raise Unsuitable(f"{folder} pools by {', '.join(chosen) or 'something else'}")
    return chosen[0]


def _mean(bert: Bert) -> Any:
    import numpy as np
    from openvino import opset15 as ops

    along = ops.constant(np.array([1], np.int64))
    mask = ops.unsqueeze(ops.convert(bert.inputs[1], "f32"), ops.constant(np.array([2], np.int64)))
    return ops.divide(ops.reduce_sum(ops.multiply(bert.states, mask), along), ops.reduce_sum(mask, along))


def _first(bert: Bert) -> Any:
    import numpy as np
    from openvino import opset15 as ops

    return ops.gather(bert.states, ops.constant(np.int64(0)), ops.constant(np.int64(1)))


def _max_tokens(folder: Path, config: dict[str, Any]) -> int:
    own = folder / "sentence_bert_config.json"
    most = int(config["max_position_embeddings"])
    return min(int(_read(own).get("max_seq_length") or most), most) if own.exists() else most


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unsuitable(f"{path} cannot be read: {error}") from error
