"""From a file to the text of its pages, one file per family of formats."""

from index.read.dispatch import SUFFIXES, read

__all__ = ["SUFFIXES", "read"]
