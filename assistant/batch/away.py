"""Notices that the model's server is away or has no time, so that a batch stops and makes no errors of its rows."""

from __future__ import annotations

from typing import Any

from assistant.errors import BatchError, EngineBusy, EngineUnreachable

Result = dict[str, Any]
# Rows in a row at least, since a single one may bring a server down.
FEWEST = 4
AWAY = (EngineUnreachable.__name__, EngineBusy.__name__)


class Away:
    """Holds results back whose server could not be reached, until it is seen whether it is there.

    Args:
        most: So many of them in a row mean that it is not.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held, self._seen = max(most, FEWEST), list[Result](), False

    def take(self, result: Result) -> list[Result]:
        """Returns the results that may be written now.

        Raises:
            BatchError: The server is away.
        """
        kind = result.get("error_kind")
        if kind in AWAY:
            self._held.append(result)
            if len(self._held) >= self._most:
                raise self._gone()
            return []
        if kind == BatchError.__name__:  # it was not asked, which tells nothing
            return [result]
        self._seen, held = True, self._held
        self._held = []
        return [*held, result]

    def end(self) -> list[Result]:
        """Returns what is left at the end.

        Raises:
            BatchError: The server was never there.
        """
        if self._held and not self._seen:
            raise self._gone()
        return self._held

    def _gone(self) -> BatchError:
        reason = self._held[-1]["error"].rstrip(".")
        return BatchError(
            f"{reason}. The batch stops, and nothing is written of the {len(self._held)} rows that were asked since "
            "then; start it again when the server is back."
        )
