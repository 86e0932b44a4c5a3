"""Measures the assistant on published sets: ``assistant eval``."""
