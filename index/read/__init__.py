"""From a file to the text of its pages, one file per family of formats."""

from index.read.dispatch import read
from index.read.formats import SUFFIXES

__all__ = ["SUFFIXES", "read"]
