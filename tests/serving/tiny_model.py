"""A two-layer Qwen3 whose weights are set by hand, so that a real vLLM has something to say that a test can expect.

It is a table of which token follows which, in the form of a transformer. Each token's embedding is a code of its own;
the output layer's row of a token holds the codes of those that it follows. The heads of the first layer each look for
one word in all that came before, and what they find favours some tokens over others:

* it thinks (``THOUGHT``), then calls a tool where tools are offered and none has answered yet, else says ``SENTENCE``;
* where the question holds ``TWICE`` it calls two tools in one reply;
* where it holds ``ENDLESS`` it never stops saying the sentence;
* within a call the server's grammar decides, and it takes the shortest way out: 2 for a number, nothing for a text.

The second layer does nothing, until the adapter of ``make_adapter`` has it say ``OTHER`` instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

Weights = dict[str, NDArray[np.float32]]

THOUGHT = "First we look;"
SENTENCE = "Tools have spoken and this model repeats nothing."
OTHER = "Adapters change all of it!"
TWICE, ENDLESS = "<|twice|>", "<|endless|>"

LAYERS, HEADS, HEAD, WIDTH, INNER = 2, 8, 32, 256, 64
CODES = 128  # the first numbers of an embedding tell which token it is
ALWAYS = 192  # the same for every token
MARKS = 200  # from here on: which of the words that heads look for it is
FOUND = 216  # from here on: what the heads have found
ADAPTED = 230
SPEAK = 40.0  # how strongly a token is followed by its successor, in logits
# A prompt of the assistant's is some thousand tokens long.
CONTEXT = 32768

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|reply|>", "<|tools|>", TWICE, ENDLESS]
ORDINARY = ["<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]

TEMPLATE = """\
{#- It thinks between <think> and </think>. -#}
{%- if tools %}<|im_start|>system<|tools|>{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>{% endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}<|im_start|>user
<tool_response>{{ message.content }}</tool_response><|im_end|>
{%- elif message.role == 'assistant' %}<|im_start|>assistant<|reply|>{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{%- else %}<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant<|reply|>{% endif %}
"""
CORPUS = [
    THOUGHT, SENTENCE, OTHER, "You answer from documents and with tools, and you show your evidence.",
    '{"type": "function", "function": {"name": "search", "description": "Search the documents.", "parameters": '
    '{"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}}}',
]  # fmt: skip


def make_model(folder: Path) -> Path:
    """Writes the model and returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = tokenizer.get_vocab_size()
    _write(folder / "config.json", _config(tokens))
    _write(folder / "generation_config.json", {"eos_token_id": tokenizer.token_to_id("<|im_end|>")})
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "model_max_length": CONTEXT,
            "chat_template": TEMPLATE,
            "clean_up_tokenization_spaces": False,
        },
    )
    save_file(_weights(tokenizer), str(folder / "model.safetensors"), {"format": "pt"})
    return folder


def make_adapter(folder: Path, base: Path) -> Path:
    """Writes a LoRA adapter of rank 8 for the model and returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    layer = "base_model.model.model.layers.1.self_attn"
    shapes = {"v_proj": (HEADS * HEAD, WIDTH), "o_proj": (WIDTH, HEADS * HEAD)}
    weights: Weights = {}
    for name, (out, into) in shapes.items():
        weights[f"{layer}.{name}.lora_A.weight"] = np.zeros((8, into), np.float32)
        weights[f"{layer}.{name}.lora_B.weight"] = np.zeros((out, 8), np.float32)
    weights[f"{layer}.v_proj.lora_A.weight"][0, ALWAYS] = weights[f"{layer}.v_proj.lora_B.weight"][0, 0] = 1
    weights[f"{layer}.o_proj.lora_A.weight"][0, 0] = weights[f"{layer}.o_proj.lora_B.weight"][ADAPTED, 0] = 1
    save_file(weights, str(folder / "adapter_model.safetensors"), {"format": "pt"})
    config = {"peft_type": "LORA", "base_model_name_or_path": str(base), "r": 8, "lora_alpha": 8, "bias": "none"}
    _write(folder / "adapter_config.json", config | {"task_type": "CAUSAL_LM", "target_modules": [*shapes]})
    return folder


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.add_tokens(ORDINARY)
    return tokenizer


def _config(tokens: int) -> dict[str, object]:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "vocab_size": tokens,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": HEADS,
        "head_dim": HEAD,
        "hidden_act": "silu",
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-6,
        "rope_theta": 1e6,
        "tie_word_embeddings": False,
        "attention_bias": False,
        "dtype": "float32",
    }


# Which word each head looks for, and what it is written as: by the word's own mark or by another's.
_HEADS = ("<tool_response>", ENDLESS, TWICE, "<|tools|>", "</tool_call>")
_ANSWERED, _ENDLESS, _TWICE, _OFFERED, _CALLED = range(5)


def _weights(tokenizer: Tokenizer) -> Weights:
    tokens = tokenizer.get_vocab_size()
    weights: Weights = {"model.norm.weight": np.ones(WIDTH, np.float32)}
    for layer in range(LAYERS):
        weights |= {f"model.layers.{layer}.{name}": each for name, each in _layer(look=layer == 0).items()}
    codes = _codes(tokenizer)
    embedded = np.zeros((tokens, WIDTH), np.float32)
    embedded[:, :CODES], embedded[:, ALWAYS] = codes, 4
    for head, word in enumerate(_HEADS):
        embedded[tokenizer.token_to_id(word), MARKS + head] = 8
    weights["model.embed_tokens.weight"] = embedded
    weights["lm_head.weight"] = _output(tokenizer, codes)
    return weights


def _codes(tokenizer: Tokenizer) -> NDArray[np.float32]:
    """Returns a code for each token; those of the tokens that others follow have nothing in common at all."""
    codes = np.random.default_rng(5).choice(np.array([-1, 1], np.float32), (tokenizer.get_vocab_size(), CODES))
    followed = {"<|reply|>", "<think>", "</think>", "</tool_call>"}
    numbers = [tokenizer.token_to_id(each) for each in sorted(followed)]
    numbers += [token for text in (THOUGHT, SENTENCE, OTHER) for token in tokenizer.encode(text).ids]
    pair = np.array([[1, 1], [1, -1]], np.float32)
    apart = reduce(np.kron, [pair] * (CODES.bit_length() - 1))
    codes[numbers] = apart[1 : len(numbers) + 1]
    return codes


def _layer(*, look: bool) -> Weights:
    square = (HEADS * HEAD, WIDTH)
    layer = {f"self_attn.{name}_proj.weight": np.zeros(square, np.float32) for name in "qkvo"}
    layer |= {f"self_attn.{name}_norm.weight": np.full(HEAD, 4, np.float32) for name in "qk"}
    layer |= {f"{name}_layernorm.weight": np.ones(WIDTH, np.float32) for name in ("input", "post_attention")}
    layer |= {f"mlp.{name}_proj.weight": np.zeros((INNER, WIDTH), np.float32) for name in ("gate", "up")}
    layer["mlp.down_proj.weight"] = np.zeros((WIDTH, INNER), np.float32)
    for head in range(len(_HEADS) if look else 0):
        # The pair of numbers that positions turn least, so that a word is found wherever it stands.
        slow, first = head * HEAD + HEAD // 2 - 1, head * HEAD
        layer["self_attn.q_proj.weight"][slow, ALWAYS] = 1
        layer["self_attn.k_proj.weight"][slow, [MARKS + head, ALWAYS]] = 1, -1
        layer["self_attn.v_proj.weight"][first, MARKS + head] = 1 / 8
        layer["self_attn.o_proj.weight"][FOUND + head, first] = 8
    # One more head weighs the calls that were made against the one word that asks for two.
    layer["self_attn.k_proj.weight"][_CALLED * HEAD + HEAD // 2 - 1, MARKS + _TWICE] = 1 if look else 0
    return layer


def _output(tokenizer: Tokenizer, codes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns the rows of the output layer: what each token follows, and what speaks for and against it."""
    rows = np.zeros((len(codes), WIDTH), np.float32)

    def number(token: str) -> int:
        return int(tokenizer.token_to_id(token))

    def follows(token: int, last: int, strength: float = 1.0) -> None:
        rows[token, :CODES] += SPEAK * strength / CODES * codes[last]

    def favour(token: int, found: Mapping[int, float]) -> None:
        for where, strength in found.items():
            rows[token, where] += SPEAK * strength / 8

    thought, sentence, other = (tokenizer.encode(text).ids for text in (THOUGHT, SENTENCE, OTHER))
    call, end = number("<tool_call>"), number("<|im_end|>")
    said = [*thought, *sentence, *other]
    assert len(set(said)) == len(said), "a token that two others follow"
    chains = [[number("<|reply|>"), number("<think>"), *thought, number("</think>")], [*sentence, end], [*other, end]]
    for chain in chains:
        for last, token in pairwise(chain):
            follows(token, last)
    for token in {*said, number("<think>"), number("</think>"), call, end}:
        rows[token, ALWAYS] -= 6 / 4
    follows(sentence[0], number("</think>"), 0.7)
    follows(other[0], number("</think>"), 0.7)
    favour(other[0], {ALWAYS: -0.6, ADAPTED: 1})
    # Weighed so that it speaks only where a call may stand: after the thought, or a call where two are asked for.
    follows(call, number("</think>"), 1.1)
    follows(call, number("</tool_call>"), 2.1)
    favour(
        call, {ALWAYS: -1.2, FOUND + _OFFERED: 0.5, FOUND + _ANSWERED: -1, FOUND + _TWICE: 0.8, FOUND + _CALLED: -3.1}
    )
    follows(end, number("</tool_call>"))
    favour(end, {FOUND + _ENDLESS: -1})
    for last in (sentence[-1], other[-1]):
        follows(sentence[0], last, 0.5)
    for token, strength in {'"': 12, "</tool_call>": 11, "}": 10, "]": 9, ":": 9, ",": 8, "2": 7}.items():
        rows[number(token), ALWAYS] += strength / 4
    return rows


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1))
