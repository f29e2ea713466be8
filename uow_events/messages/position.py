"""Where something stands in the breadth-first order of a pipeline."""

from __future__ import annotations


class Position:
    """A place in the tree of events and handler runs: under what it was caused by, at an index.

    Lower is earlier: the generation before all else, then what caused it, then the index. Each place also knows one far
    above it, so that two places are compared in a number of steps that grows with the logarithm of their depth.
    """

    __slots__ = ("_far", "depth", "index", "parent")

    def __init__(self, parent: Position | None = None, index: int = 0) -> None:
        self.parent = parent or self
        self.index = index
        if parent is None:
            self.depth = 0
            self._far: Position = self
            return
        self.depth = parent.depth + 1
        far = parent._far
        self._far = far._far if parent.depth - far.depth == far.depth - far._far.depth else parent

    def __lt__(self, other: Position) -> bool:
        if self.depth != other.depth:
            return self.depth < other.depth
        mine, theirs = self, other
        while mine.parent is not theirs.parent:
            if mine._far is theirs._far:
                mine, theirs = mine.parent, theirs.parent
            else:
                mine, theirs = mine._far, theirs._far
        return mine.index < theirs.index


FIRST = Position()
"""Before all others: that of what no handler run of a pipeline caused."""
