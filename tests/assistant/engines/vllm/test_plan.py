"""From settings, machine and model to the command."""

from pathlib import Path

import pytest

from assistant.engines.vllm.checkpoint import Checkpoint
from assistant.engines.vllm.families import Table, table
from assistant.engines.vllm.gpus import Gpu, _visible
from assistant.engines.vllm.plan import chosen_model, find_program, make_plan
from assistant.errors import SettingsError
from assistant.vllm_settings import VllmEngine
from tests.assistant.engines.vllm.conftest import MakeModel, gpu


def command(engine: VllmEngine, gpus: list[Gpu]) -> list[str]:
    return list(make_plan(engine, gpus).command)


def test_a_folder_is_served_with_the_flags_of_its_family(make_model: MakeModel, engine: VllmEngine) -> None:
    model = make_model()
    (model / "chat_template.jinja").write_text("{{ '<think>' }}")
    plan = make_plan(engine.model_copy(update={"vllm": str(model)}), [gpu()])
    assert plan.command[:3] == (engine.program, "serve", str(model))
    said = set(plan.command)
    assert {"--tool-call-parser=hermes", "--reasoning-parser=qwen3", "--enable-auto-tool-choice"} <= said
    assert {"--tool-strict-level=parameter", "--enable-prefix-caching", "--served-model-name=tiny"} <= said
    assert {"--max-model-len=auto", "--gpu-memory-utilization=0.9", "--host=127.0.0.1"} <= said
    assert plan.name == "tiny"
    assert f"--port={plan.url.removesuffix('/v1').rpartition(':')[2]}" in said


def test_a_model_that_does_not_think_gets_no_reasoning_parser(make_model: MakeModel, engine: VllmEngine) -> None:
    said = command(engine.model_copy(update={"vllm": str(make_model())}), [gpu()])
    assert not [word for word in said if "reasoning" in word]


def test_flags_of_the_settings_win(make_model: MakeModel, engine: VllmEngine) -> None:
    flags = ("--no-enable-prefix-caching", "--max-model-len", "4096")
    said = command(engine.model_copy(update={"vllm": str(make_model()), "flags": flags}), [gpu()])
    assert said[-3:] == [*flags]
    assert "--enable-prefix-caching" not in said
    assert "--max-model-len=auto" not in said


@pytest.mark.parametrize(
    ("count", "heads", "flags"),
    [
        (1, 32, []),
        (2, 32, ["--tensor-parallel-size=2"]),
        (3, 32, ["--pipeline-parallel-size=3"]),
        (4, 28, ["--tensor-parallel-size=4"]),
        (6, 32, ["--tensor-parallel-size=2", "--pipeline-parallel-size=3"]),
        (8, 28, ["--tensor-parallel-size=4", "--pipeline-parallel-size=2"]),
    ],
)
def test_a_model_is_spread_over_the_gpus(
    make_model: MakeModel, engine: VllmEngine, count: int, heads: int, flags: list[str]
) -> None:
    model = make_model(num_attention_heads=heads)
    said = command(engine.model_copy(update={"vllm": str(model)}), [gpu(n) for n in range(count)])
    assert [word for word in said if "parallel" in word] == flags


def test_fewer_gpus_can_be_asked_for(make_model: MakeModel, engine: VllmEngine) -> None:
    plan = make_plan(engine.model_copy(update={"vllm": str(make_model()), "gpus": 1}), [gpu(0), gpu(1)])
    assert plan.environ["CUDA_VISIBLE_DEVICES"] == "GPU-0"
    assert not [word for word in plan.command if "parallel" in word]


def test_weights_that_do_not_fit_are_loaded_in_eight_bits(make_model: MakeModel, engine: VllmEngine) -> None:
    model = make_model(size=30 * 10**9)  # a file with a hole, which takes no room on the disk
    chosen = engine.model_copy(update={"vllm": str(model)})
    assert "--quantization=fp8_per_tensor" in command(chosen, [gpu(gib=24)])
    assert not [word for word in command(chosen, [gpu(gib=48)]) if "quant" in word]
    with pytest.raises(SettingsError, match=r"30 GB of weights, and .* take a smaller one"):
        command(chosen.model_copy(update={"quantize": "none"}), [gpu(gib=24)])


def test_a_model_that_is_too_large_is_refused_with_one_that_is_not(make_model: MakeModel, engine: VllmEngine) -> None:
    quantised = make_model(size=60 * 10**9, text_config={"quantization_config": {"quant_method": "awq"}})
    with pytest.raises(SettingsError, match=r"60 GB of weights, and NVIDIA RTX 4090 .26 GB. leaves 21 GB.*Qwen3-VL-8B"):
        command(engine.model_copy(update={"vllm": str(quantised)}), [gpu(gib=24)])


def test_an_old_card_computes_in_half_precision(make_model: MakeModel, engine: VllmEngine) -> None:
    said = command(engine.model_copy(update={"vllm": str(make_model())}), [gpu(gib=16, capability=7.5)])
    assert "--dtype=half" in said


def test_adapters_are_named_with_the_largest_rank(make_model: MakeModel, engine: VllmEngine, tmp_path: Path) -> None:
    for name, rank in (("a", 4), ("b", 24)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(f'{{"r": {rank}}}')
    adapters = {"legal": str(tmp_path / "a"), "medical": str(tmp_path / "b")}
    said = command(engine.model_copy(update={"vllm": str(make_model()), "adapters": adapters}), [gpu()])
    assert {"--enable-lora", "--max-lora-rank=32", "--max-loras=2"} <= set(said)
    assert said[said.index("--lora-modules") + 1 :] == [f"legal={tmp_path / 'a'}", f"medical={tmp_path / 'b'}"]
    with pytest.raises(SettingsError, match=r"adapter none is not in .* adapter_config.json"):
        command(
            engine.model_copy(update={"vllm": str(tmp_path / "tiny"), "adapters": {"none": str(tmp_path)}}), [gpu()]
        )


def test_without_a_gpu_conversations_get_a_share_of_the_memory(make_model: MakeModel, engine: VllmEngine) -> None:
    plan = make_plan(engine.model_copy(update={"vllm": str(make_model())}), [])
    assert 1 <= int(plan.environ["VLLM_CPU_KVCACHE_SPACE"]) <= 4
    assert not [word for word in plan.command if "gpu-memory" in word]
    assert "PYTHONPATH" not in plan.environ


def test_a_program_that_is_not_there_is_told(engine: VllmEngine) -> None:
    with pytest.raises(SettingsError, match="There is no command /nowhere/vllm: install vLLM"):
        find_program(engine.model_copy(update={"program": "/nowhere/vllm"}))


@pytest.mark.parametrize(
    ("gib", "model"),
    [
        (0, "Qwen/Qwen3-1.7B"),
        (8, "Qwen/Qwen3-4B-AWQ"),
        (15.0, "Qwen/Qwen3-VL-4B-Instruct"),  # what a T4 says of its 16 GB
        (22.5, "Qwen/Qwen3-VL-8B-Instruct-FP8"),  # L4, 24 GB
        (45.0, "Qwen/Qwen3-VL-30B-A3B-Instruct-FP8"),  # L40S, 48 GB
        (79.6, "Qwen/Qwen3-VL-32B-Instruct-FP8"),
        (140.4, "Qwen/Qwen3-VL-32B-Instruct"),
    ],
)
def test_each_size_of_card_has_a_model_that_fits(engine: VllmEngine, gib: float, model: str) -> None:
    assert chosen_model(engine, [gpu(gib=gib)] if gib else []) == model


def test_the_defaults_fit_their_cards() -> None:
    for each in table().defaults[1:]:
        assert each.weights < each.memory * 0.9 - 3, each.model


@pytest.mark.parametrize(
    ("name", "family", "parser", "reasoning"),
    [
        ("Qwen/Qwen3-8B", "Qwen3, Qwen3-VL and Qwen3-Next", "hermes", "qwen3"),
        ("Qwen/Qwen3-4B-Instruct-2507", "Qwen3, Qwen3-VL and Qwen3-Next that do not think", "hermes", None),
        ("Qwen/Qwen3-30B-A3B-Thinking-2507", "Qwen3, Qwen3-VL and Qwen3-Next", "hermes", "qwen3"),
        ("Qwen/Qwen3-VL-8B-Instruct-FP8", "Qwen3, Qwen3-VL and Qwen3-Next that do not think", "hermes", None),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "Qwen3-Coder", "qwen3_coder", None),
        ("Qwen/Qwen3.5-9B", "Qwen3.5 and later", "qwen3_coder", "qwen3"),
        ("meta-llama/Llama-3.3-70B-Instruct", "Llama 3", "llama3_json", None),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "Llama 4", "llama4_pythonic", None),
        ("mistralai/Mistral-Small-3.2-24B-Instruct-2506", "Mistral's own files, without thinking", "mistral", None),
        ("openai/gpt-oss-20b", "gpt-oss", "openai", "openai_gptoss"),
        ("someone/never-heard-of", "an unknown model", "hermes", None),
    ],
)
def test_models_are_told_by_their_names(name: str, family: str, parser: str, reasoning: str | None) -> None:
    found = table().family(Checkpoint(name, name))
    assert (found.name, found.flags["tool-call-parser"], found.flags.get("reasoning-parser")) == (
        family,
        parser,
        reasoning,
    )


def test_models_are_told_by_kind_and_template_where_the_name_says_nothing() -> None:
    kinds = Checkpoint("/models/mine", "mine", {"model_type": "gpt_oss"})
    assert table().family(kinds).name == "gpt-oss by its kind"
    template = Checkpoint("/models/mine", "mine", {"model_type": "llama"}, "[TOOL_CALLS]")
    assert table().family(template).flags["tool-call-parser"] == "mistral"


def test_a_table_with_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValueError, match="flag"):
        Table.model_validate({"defaults": [], "always": {}, "families": [{"name": "x", "flag": {}}], "unknown": {}})


def test_what_cuda_is_told_to_see_is_all_there_is() -> None:
    found = [gpu(0), gpu(1), gpu(2)]
    assert _visible(found, None) == found
    assert _visible(found, "2,0") == [found[2], found[0]]
    assert _visible(found, "GPU-1") == [found[1]]
    assert _visible(found, "") == []
    assert _visible(found, "0,9,1") == [found[0]]
