"""How a batch is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.approval import Rule


@dataclass(frozen=True, slots=True)
class Options:
    """How a batch is run.

    Attributes:
        concurrency: Requests to the model at once.
        rules: Which tool calls are approved; what no rule approves and needs approval is refused.
        limit: Rows at most, from the first on; None for all.
        sample: Rows drawn at random in place of the first ones; None for none.
        seed: What is drawn, and what the seeds of rows are made of that have none.
        seconds: That a row may take; None for no limit.
        adapter: Which of the model's adapters answers; None is the model itself.
        retry_errors: Whether rows that an earlier run could not answer are asked again.
        again: Whether rows are asked again of whose ids the output holds answers to something else.
        processes: Processes that share the work.
        ray: Address of a Ray cluster that does the work; None does it here.
        name: What the batch is called in the database; None makes it of its output's path and its rows.
        anew: Whether what the database has of it is forgotten first.
        record: Whether the model's replies are written with each row, so that it can be run again with them.
    """

    concurrency: int = 4
    rules: Sequence[Rule] = ()
    limit: int | None = None
    sample: int | None = None
    seed: int = 0
    seconds: float | None = None
    adapter: str | None = None
    retry_errors: bool = False
    again: bool = False
    processes: int = 1
    ray: str | None = None
    record: bool = True
    name: str | None = None
    anew: bool = False

    @property
    def rows(self) -> int:
        """Rows under way: while some run tools, are checked or written, others keep the model busy.

        Where one is wanted they go strictly one after another.
        """
        return 2 * self.concurrency if self.concurrency > 1 else 1
