"""What can go wrong in the library.

LibraryError
├── UnreadableFile      a file that no reader can take; its text says why and what to do
├── UnknownDocument     no document goes by that id, path or title
├── LibraryLocked       another process has been writing for longer than we wait
├── LibraryDamaged      the store does not pass its own checks
└── EmbedderMismatch    the library was built with another embedding model
"""

from __future__ import annotations

from index.reasons import Reason


class LibraryError(Exception):
    """Base of everything the library raises on purpose; its text is one line for a person."""


class UnreadableFile(LibraryError):
    """A file that cannot be indexed: missing, empty, encrypted, corrupt or of an unknown kind.

    Attributes:
        reason: Why; the error's text.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownDocument(LibraryError, LookupError):
    """A reference that matches no document, or a page that a document does not have."""


class LibraryLocked(LibraryError):
    """The store stayed locked by another process past the wait."""


class LibraryDamaged(LibraryError):
    """The store cannot be opened or contradicts itself."""


class EmbedderMismatch(LibraryError):
    """The vectors in the store were made by another embedding model."""
