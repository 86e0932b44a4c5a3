"""Spreads a batch over a Ray cluster with Ray Data; what comes back is written here, row by row.

Each row is a block of its own, so that a worker that is killed costs the rows that it had in hand and no other: Ray
starts the worker anew and gives it these again.
"""

from __future__ import annotations

import json
import logging
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.batch.desk import Desk
from assistant.batch.options import Options
from assistant.batch.rows import Row
from assistant.endings import message
from assistant.errors import BatchError
from assistant.settings import Settings
from assistant.vllm_settings import VllmEngine
from index.cluster import connected

log = logging.getLogger(__name__)


def spread(
    settings: Settings, options: Options, folder: Path, todo: Sequence[Row]
) -> Generator[dict[str, Any], None, None]:
    """Yields results as they come.

    Args:
        settings: What to answer from; the home folder has to be there on each machine.
        options: How; ``concurrency`` is dealt out to ``processes``, which is one on each machine where it is 1.
        folder: Where the files go that tools make; the workers send them here.
        todo: The rows.

    Raises:
        BatchError: The workers cannot answer.
        LibraryError: The cluster cannot be reached.
    """
    assert options.ray is not None
    if not todo:
        return
    with connected(options.ray):
        import ray

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        count = options.processes if options.processes > 1 else _machines(ray.nodes())
        count = max(1, min(count, options.concurrency, len(todo)))
        options = replace(options, concurrency=-(-options.concurrency // count))
        at_once = options.rows
        pool = ray.data.ActorPoolStrategy(
            size=count,
            max_tasks_in_flight_per_actor=at_once,
            max_concurrent_calls_per_actor=at_once,
            enable_true_multi_threading=True,
        )
        rows = ray.data.from_items([{"row": at} for at in range(len(todo))], override_num_blocks=len(todo))
        # By reference, since each worker has to have them all: a row can come to any.
        given = {"settings": settings, "options": options, "rows": ray.put(list(todo)), "name": folder.name}
        graphics = 1 if settings.engine == "vllm" or isinstance(settings.engine, VllmEngine) else None
        answered = rows.map_batches(
            _Worker, batch_size=1, compute=pool, fn_constructor_kwargs=given, num_cpus=1, num_gpus=graphics
        )
        try:
            for batch in answered.iter_batches(batch_size=1, prefetch_batches=0):
                yield _received(json.loads(batch["reply"][0]), folder)
        except (ray.exceptions.RayError, RuntimeError) as error:
            log.exception("the cluster failed")
            raise BatchError(
                f"The cluster cannot go on with the batch: {' '.join(str(error).split())[-300:]}"
            ) from error


class _Worker:
    """What runs on the cluster.

    Args:
        settings: What to answer from.
        options: How.
        rows: All rows of the batch.
        name: Of the folder for the files that tools make.
    """

    def __init__(self, settings: Settings, options: Options, rows: Any, name: str) -> None:
        import ray

        self._rows: list[Row] = ray.get(rows)
        self._folder, self._failure = Path(tempfile.mkdtemp(), name), ""
        try:
            self._desk = Desk(settings, options, self._folder)
        except Exception as error:  # raised here, it would come as Ray's story of it
            self._failure = message(error)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, list[str]]:
        """Answers one row; its result travels as JSON, with the files that tools made."""
        if self._failure:
            return {"reply": [json.dumps({"failure": self._failure})]}
        result = self._desk.submit(self._rows[int(batch["row"][0])]).result()
        made = [each["path"] for each in result.get("artifacts", ())]
        files = {path: b64encode((self._folder.parent / path).read_bytes()).decode() for path in made}
        return {"reply": [json.dumps({"result": result, "files": files})]}


def _received(reply: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A result, whose files are put where they belong."""
    if "failure" in reply:
        raise BatchError(f"A worker of the cluster cannot begin: {reply['failure']}")
    for path, data in reply["files"].items():
        target = (folder.parent / path).resolve()
        if not target.is_relative_to(folder.resolve()):
            raise BatchError(f"A worker of the cluster sent a file for {path}, which is outside of {folder}.")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b64decode(data))
        except OSError as error:
            raise BatchError(
                f"Cannot write {target}: {error.strerror}; make room and start the batch again."
            ) from error
    return dict(reply["result"])


def _machines(nodes: Sequence[Mapping[str, Any]]) -> int:
    return sum(bool(node["Alive"] and node["Resources"].get("CPU")) for node in nodes)
