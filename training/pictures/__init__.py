"""The starter picture model: the scenes that it learns from, its training, and the program that judges it."""
