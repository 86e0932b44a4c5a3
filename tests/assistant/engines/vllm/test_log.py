"""What vLLM's output tells."""

import pytest

from assistant.engines.vllm.log import explain, progress


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("INFO [api_utils.py:286] non-default args: {'model_tag': 'x'}", "reading the model's configuration"),
        ("INFO [model.py:733] Resolved architecture: Qwen3ForCausalLM", "starting the engine"),
        ("Fetching 14 files:  36%|███▌      | 5/14 [00:02<00:04]", "downloading the model 36%"),
        ("model-00001-of-00004.safetensors:  12%|█▏ | 463M/3.95G [00:01<00:09]", "downloading the model 12%"),
        ("Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:00<?, ?it/s]", "loading the weights 25%"),
        ("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  97%|█▋| 65/67", "preparing the GPU 97%"),
        ("INFO [backends.py:490] Dynamo bytecode transform time: 4.31 s", "compiling"),
        ("INFO [kv_cache_utils.py:2327] CPU KV cache size: 524,288 tokens", "setting up the cache"),
        ("INFO [launcher.py:186] Available routes are:", "starting to listen"),
        ("WARNING [cpu.py:224] Triton is not installed.", None),
    ],
)
def test_a_line_tells_how_far_it_is(line: str, told: str | None) -> None:
    found = progress(line)
    assert (str(found) if found else None) == told


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "The GPU's memory is too small."),
        ("ValueError: No available memory for the cache blocks.", "nothing is left for conversations"),
        (
            "ValueError: To serve at least one request with the models's max seq len (262144), (36.0 GiB KV cache is "
            "needed, which is larger than the available KV cache memory (9.1 GiB). Based on the available memory, the "
            "estimated maximum model length is 66256.",
            "The memory holds 66256 tokens at most: set engine.context to that",
        ),
        ("OSError: [Errno 98] Address already in use", "Its port is in use"),
        ("huggingface_hub.errors.GatedRepoError: 401 Client Error", "accept its terms there and set HF_TOKEN"),
        ("vllm: error: unrecognized arguments: --tool-strict-level=parameter", "does not know --tool-strict-level"),
        ("KeyError: 'invalid tool call parser: nonsense (chose from { a,b })'", "has no tool call parser nonsense"),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried", "memory is too small"),
        (
            "Available memory on node 0 (10.62/18.46 GiB) on kv cache allocation is less than requested memory for kv "
            "(400.0 GiB). Decrease --kv-cache-memory-bytes",
            "Too little memory is free for the 400.0 GiB of conversations",
        ),
        ("RuntimeError: No CUDA GPUs are available", "No usable CUDA device"),
    ],
)
def test_an_end_that_would_come_again_is_explained(output: str, said: str) -> None:
    reason = explain(f"INFO before\n{output}\n")
    assert said in reason.text
    assert reason.final


def test_other_ends_are_told_by_their_last_error_that_is_no_consequence() -> None:
    output = "\n".join(
        [
            "WARNING 11-30 this can cause errors like OSError: too many files",
            "KeyError: 'first'",
            "ValueError: the  cause",
            "RuntimeError: Engine core initialization failed. See root cause above.",
        ]
    )
    assert explain(output).text == "vLLM failed with ValueError: the cause"
    assert not explain(output).final
    assert not explain("nothing").text
