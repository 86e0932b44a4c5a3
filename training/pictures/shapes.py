"""Outlines of the shapes, as points around a centre."""

from __future__ import annotations

from math import cos, pi, sin

Point = tuple[float, float]
HOLE = 0.56  # of a ring's radius


def outline(shape: str) -> list[Point]:
    """Returns the corners of a shape that fills about the square from -1 to 1, y downwards.

    A ring's is its outer circle.

    Raises:
        KeyError: There is no such shape.
    """
    return {
        "circle": _round,
        "ring": _round,
        "square": lambda: [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        "triangle": lambda: [(0.0, -1.0), (1.05, 0.85), (-1.05, 0.85)],
        "diamond": lambda: [(0.0, -1.1), (0.85, 0.0), (0.0, 1.1), (-0.85, 0.0)],
        "star": _star,
        "heart": _heart,
        "cross": _cross,
    }[shape]()


def _round() -> list[Point]:
    return [(cos(2 * pi * step / 60), sin(2 * pi * step / 60)) for step in range(60)]


def _star() -> list[Point]:
    points = []
    for step in range(10):
        radius, angle = (1.1 if step % 2 == 0 else 0.45), -pi / 2 + step * pi / 5
        points.append((radius * cos(angle), 0.08 + radius * sin(angle)))
    return points


def _heart() -> list[Point]:
    points = []
    for step in range(60):
        angle = 2 * pi * step / 60
        down = -(13 * cos(angle) - 5 * cos(2 * angle) - 2 * cos(3 * angle) - cos(4 * angle))
        points.append((16 * sin(angle) ** 3 / 16, (down - 2.5) / 14.5))
    return points


def _cross() -> list[Point]:
    arm = 0.34
    corner = [(-arm, -1.0), (arm, -1.0), (arm, -arm), (1.0, -arm), (1.0, arm), (arm, arm)]
    return corner + [(-x, -y) for x, y in corner]
