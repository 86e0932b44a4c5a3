"""What vLLM's output tells: how far it has come, and why it ended."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.engines.vllm.state import Progress

# Words of the output -> what is going on, the first that fits. A percentage in the same line is its share.
STAGES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), stage)
    for pattern, stage in (
        (r"Available routes are|Started server process|Starting vLLM server on", "starting to listen"),
        (r"Capturing .*graphs?|Graph capturing", "preparing the GPU"),
        (r"KV cache size|Available KV cache memory|kernel warmup|warmup", "setting up the cache"),
        (r"torch\.compile|Dynamo bytecode|Compiling a graph|Cache the graph", "compiling"),
        (r"Loading .*checkpoint shards|Loading weights took", "loading the weights"),
        (r"Fetching \d+ files|Downloading|\.safetensors:\s+\d+%|\.gguf:\s+\d+%", "downloading the model"),
        (r"Starting to load model|Loading model from scratch|Initializing model took", "loading the weights"),
        (r"Initializing a V1 LLM engine|Resolved architecture", "starting the engine"),
        (r"non-default args|version \d+\.\d+", "reading the model's configuration"),
    )
)
SHARE = re.compile(r"(?<![\d.])(\d{1,3})%")

MEMORY = "Take a smaller or quantised model, a shorter engine.context, or end what else uses the GPU."


@dataclass(frozen=True, slots=True)
class Reason:
    """Why vLLM ended.

    Attributes:
        text: One sentence for the person.
        final: Whether starting it again as it is would end the same way.
    """

    text: str
    final: bool


# What the output holds -> why it ended. {0} is the first group, {1} the second.
REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I | re.S), text)
    for pattern, text in (
        (
            r"Free memory on device \S+ \(([\d.]+)/([\d.]+) GiB\)[^\n]* is less than desired",
            f"Too little GPU memory is free: {{0}} of {{1}} GiB. Lower engine.memory. {MEMORY}",
        ),
        (
            r"No available memory for the cache blocks|Available KV cache memory: -",
            f"The model fills the GPU's memory, nothing is left for conversations. {MEMORY}",
        ),
        (
            r"estimated maximum model length is (\d+)",
            "The memory holds {0} tokens at most: set engine.context to that, or take a smaller model.",
        ),
        (
            r"larger than the (?:available KV cache memory|maximum number of tokens)",
            f"The memory does not hold one conversation of the length that is set. {MEMORY}",
        ),
        (r"CUDA out of memory|OutOfMemoryError|torch\.OutOfMemory", f"The GPU's memory is too small. {MEMORY}"),
        (
            r"on kv cache allocation is less than requested memory for kv \(([\d.]+) GiB\)",
            "Too little memory is free for the {0} GiB of conversations: set VLLM_CPU_KVCACHE_SPACE to fewer.",
        ),
        (
            r"DefaultCPUAllocator: can't allocate memory|Cannot allocate memory|\bMemoryError\b",
            "This machine's memory is too small for the model: take a smaller one, or a shorter engine.context.",
        ),
        (
            r"Address already in use|address in use",
            "Its port is in use by another program: choose another engine.port.",
        ),
        (
            r"Cannot find any model weights with ['\"`]?([^'\"`\n]+)|no such file[^\n]*safetensors",
            "The model's folder holds no weights: it needs *.safetensors (or *.bin) beside config.json.",
        ),
        (
            r"gated repo|Access to model \S+ is restricted|401 Client Error|403 Client Error",
            "The hub does not give out this model without permission: accept its terms there and set HF_TOKEN.",
        ),
        (
            r"Repository Not Found|is not a local folder and is not a valid model identifier|404 Client Error",
            "There is no model of this name on the Hugging Face hub: check engine.vllm.",
        ),
        (
            r"OfflineModeIsEnabled|LocalEntryNotFound|couldn't connect to 'http|Temporary failure in name resolution",
            "The model is not on this machine and the hub cannot be reached: connect, or name a folder.",
        ),
        (
            r"unrecognized arguments?: ([^\n]+)",
            "This vLLM does not know {0}: install vLLM 0.32 or newer, or look at engine.flags.",
        ),
        (
            r"invalid (tool call|reasoning) parser: (\S+)",
            "This vLLM has no {0} parser {1}: install vLLM 0.32, or look at engine.flags.",
        ),
        (r"error: argument ([^\n]+)", "vLLM does not take its flags: argument {0}."),
        (
            r"Model architectures? \[?'?(\w+)'?\]? (?:are|is) not supported|does not recognize this architecture",
            "This vLLM cannot run a model of this kind: take another model or a newer vLLM.",
        ),
        (r"No CUDA GPUs are available|CUDA driver version is insufficient|no NVIDIA driver",
         "No usable CUDA device was found: `assistant doctor` says what to change."),
    )
)  # fmt: skip
# In a line that only informs or warns, an error is spoken of.
ERROR = re.compile(r"^(?!.*\b(?:INFO|WARNING) ).*?\b((?:\w+\.)*\w*(?:Error|Exception)): (.+)$", re.M)
# These only tell that something else has failed.
# After these vLLM ends, or should: at times its first process stays and waits for ever.
LOST = re.compile(r"EngineCore failed to start|Engine core initialization failed|WorkerProc initialization failed")
CONSEQUENCE = re.compile(
    r"Engine core initialization failed|WorkerProc initialization failed|EngineDeadError|cancelled"
)


def progress(line: str) -> Progress | None:
    """Returns how far a line of the output tells that loading has come; None where it does not."""
    for pattern, stage in STAGES:
        if pattern.search(line):
            share = SHARE.search(line)
            return Progress(stage, min(1.0, int(share[1]) / 100) if share else None)
    return None


def explain(output: str) -> Reason:
    """Returns why vLLM ended, by the last of its output."""
    for pattern, text in REASONS:
        if found := pattern.search(output):
            return Reason(text.format(*(group or "" for group in found.groups())), final=True)
    errors = [found for found in ERROR.finditer(output) if not CONSEQUENCE.search(found[0])]
    if errors:
        last = " ".join(errors[-1][2].split())
        return Reason(f"vLLM failed with {errors[-1][1].rpartition('.')[2]}: {last[:300]}", final=False)
    return Reason("", final=False)
