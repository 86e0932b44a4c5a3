"""BERT encoders as OpenVINO networks, built from their published weights without importing torch.

The form is that of Devlin et al., BERT, 2019, https://arxiv.org/abs/1810.04805, section 3; the names of weights and
settings are those that transformers saves. MiniLM, BGE, E5 and GTE are of this form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
ACTIVATIONS = {"gelu": "erf", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
HIDDEN = -1e4  # added to the attention to a token that is only filling; small enough for half precision


class NotBert(Exception):
    """The weights or settings are not those of a BERT encoder; the text says why."""


class Bert:
    """An encoder's graph, to which more can be added before it is compiled.

    Args:
        weights: By the name that transformers gives them, without a prefix for the encoder.
        config: The content of ``config.json``.

    Attributes:
        inputs: The parameters ``INPUTS``, each of shape (batch, tokens), 64-bit integers.
        states: The last layer's output, shape (batch, tokens, hidden size).

    Raises:
        NotBert: They are those of something else.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.floating]], config: Mapping[str, Any]) -> None:
        import numpy as np
        from openvino import opset15 as ops

        check(config)
        self._weights, self._ops = weights, ops
        self._heads = int(config["num_attention_heads"])
        self._epsilon = max(float(config.get("layer_norm_eps", 1e-12)), 1e-12)
        self._activation = ACTIVATIONS[config["hidden_act"]]
        self.inputs = [ops.parameter([-1, -1], np.int64, name=name) for name in INPUTS]
        states = self._embedded(*(self.inputs[at] for at in (0, 2)))
        bias = self._hidden(self.inputs[1])
        try:
            for layer in range(int(config["num_hidden_layers"])):
                states = self._layer(states, bias, f"encoder.layer.{layer}")
        except KeyError as error:
            raise NotBert(f"the weights lack {error}") from error
        self.states = states

    def linear(self, states: Any, name: str) -> Any:
        """Adds a linear layer with the weights and bias of that name."""
        product = self._ops.matmul(states, self._constant(f"{name}.weight"), False, True)
        return self._ops.add(product, self._constant(f"{name}.bias"))

    def _constant(self, name: str) -> Any:
        import numpy as np

        return self._ops.constant(np.asarray(self._weights[name], np.float32))

    def _embedded(self, ids: Any, types: Any) -> Any:
        import numpy as np

        ops = self._ops
        tables = [self._constant(f"embeddings.{kind}_embeddings.weight") for kind in ("word", "token_type", "position")]
        axis, zero, one = (np.int64(number) for number in (0, 0, 1))
        count = ops.gather(ops.shape_of(ids), ops.constant(one), ops.constant(axis))
        places = ops.range(ops.constant(zero), count, ops.constant(one), "i64")
        found = [
            ops.gather(table, at, ops.constant(axis)) for table, at in zip(tables, (ids, types, places), strict=True)
        ]
        return self._normalized(ops.add(ops.add(found[0], found[1]), found[2]), "embeddings.LayerNorm")

    def _hidden(self, mask: Any) -> Any:
        import numpy as np

        ops = self._ops
        filling = ops.subtract(ops.constant(np.float32(1)), ops.convert(mask, "f32"))
        bias = ops.multiply(filling, ops.constant(np.float32(HIDDEN)))
        return ops.unsqueeze(bias, ops.constant(np.array([1, 2], np.int64)))

    def _layer(self, states: Any, bias: Any, name: str) -> Any:
        ops = self._ops
        attended = self.linear(
            self._attention(states, bias, f"{name}.attention.self"), f"{name}.attention.output.dense"
        )
        states = self._normalized(ops.add(attended, states), f"{name}.attention.output.LayerNorm")
        wide = ops.gelu(self.linear(states, f"{name}.intermediate.dense"), self._activation)
        return self._normalized(ops.add(self.linear(wide, f"{name}.output.dense"), states), f"{name}.output.LayerNorm")

    def _attention(self, states: Any, bias: Any, name: str) -> Any:
        import numpy as np

        ops = self._ops
        width = self._weights[f"{name}.query.weight"].shape[0]
        split = ops.constant(np.array([0, 0, self._heads, width // self._heads], np.int64))
        forth = ops.constant(np.array([0, 2, 1, 3], np.int64))
        query, key, value = (
            ops.transpose(ops.reshape(self.linear(states, f"{name}.{part}"), split, special_zero=True), forth)
            for part in ("query", "key", "value")
        )
        scale = ops.constant(np.float32((width // self._heads) ** -0.5))
        weights = ops.softmax(ops.add(ops.multiply(ops.matmul(query, key, False, True), scale), bias), -1)
        joined = ops.transpose(ops.matmul(weights, value, False, False), forth)
        return ops.reshape(joined, ops.constant(np.array([0, 0, width], np.int64)), special_zero=True)

    def _normalized(self, states: Any, name: str) -> Any:
        import numpy as np

        ops = self._ops
        even = ops.mvn(states, ops.constant(np.array([-1], np.int64)), True, self._epsilon, "inside_sqrt")
        return ops.add(ops.multiply(even, self._constant(f"{name}.weight")), self._constant(f"{name}.bias"))


def check(config: Mapping[str, Any]) -> None:
    """Raises unless settings are those of an encoder that can be built.

    Raises:
        NotBert: They are not.
    """
    if config.get("model_type") != "bert" or config.get("is_decoder"):
        raise NotBert(f"a model of type {config.get('model_type')} is not a BERT encoder")
    if config.get("position_embedding_type", "absolute") != "absolute" or config.get("hidden_act") not in ACTIVATIONS:
        raise NotBert("its positions or its activation are of another kind")


def processor_settings(core: Any) -> dict[str, str]:
    """Returns what to compile with: bf16 where the processor has it, several texts at once rather than one fast."""
    bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32"}
