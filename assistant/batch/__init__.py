"""Many questions from files, answered into a file; what is written stays written."""

from assistant.batch.run import Options, Summary, preview, run

__all__ = ["Options", "Summary", "preview", "run"]
