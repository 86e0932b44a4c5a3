"""Many questions from files, answered into a file; what is written stays written."""

from assistant.batch.options import Options
from assistant.batch.preview import preview
from assistant.batch.replay import replay
from assistant.batch.run import run
from assistant.batch.summary import Summary

__all__ = ["Options", "Summary", "preview", "replay", "run"]
