"""The library: what a person's documents become, and how passages are found in them.

``index.library.Library`` is the way in; ``index.types`` and ``index.errors`` are what comes out.
"""
