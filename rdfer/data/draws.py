"""Integer draws that are the same on every machine.

Only ``numpy.random.PCG64.random_raw`` is used, seeded by a SHA-256 of key words. Both are fixed
by specification; the distributions of ``numpy.random.Generator`` may change between versions.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

#: A word of the key must not depend on how Python prints floats, so only these types.
Word = int | str


class Draws:
    """A stream of integer draws, keyed by words.

    Two streams with different words are independent, and a stream never depends on how much
    was drawn from another: give every purpose its own words.

    Example:
        >>> a, b = Draws("seed", 1), Draws("seed", 1)
        >>> [a.below(10) for _ in range(5)] == [b.below(10) for _ in range(5)]
        True

    Args:
        words: strings and integers that name the stream.
    """

    def __init__(self, *words: Word) -> None:
        # the type is part of the key: 1 and "1" are different words
        text = "\x1f".join(f"{type(word).__name__}:{word}" for word in words)
        digest = hashlib.sha256(text.encode()).digest()
        self._bits = np.random.PCG64(int.from_bytes(digest, "big"))

    def raw(self) -> int:
        """64 random bits as an integer."""
        return int(self._bits.random_raw())

    def below(self, n: int) -> int:
        """Uniform integer in ``[0, n)``, without bias.

        Raises:
            ValueError: ``n`` is below 1.
        """
        if n < 1:
            raise ValueError(f"n = {n}: must be at least 1")
        # draws in the last, incomplete run of n values would favour small results
        limit = (1 << 64) - (1 << 64) % n
        while True:
            value = self.raw()
            if value < limit:
                return value % n

    def between(self, low: int, high: int) -> int:
        """Uniform integer in ``[low, high]``, both ends included."""
        return low + self.below(high - low + 1)

    def chance(self, permille: int) -> bool:
        """True with probability ``permille / 1000``."""
        return self.below(1000) < permille

    def pick(self, items: Sequence[T]) -> T:
        """One item, each with the same probability."""
        return items[self.below(len(items))]

    def weighted(self, weights: Sequence[int]) -> int:
        """An index, with probability proportional to its non-negative integer weight."""
        value = self.below(sum(weights))
        for index, weight in enumerate(weights):
            value -= weight
            if value < 0:
                return index
        raise AssertionError("unreachable: the weights sum to more than any draw")

    def shuffle(self, items: Sequence[T]) -> list[T]:
        """The items in random order (Fisher-Yates), as a new list."""
        out = list(items)
        for i in range(len(out) - 1, 0, -1):
            j = self.below(i + 1)
            out[i], out[j] = out[j], out[i]
        return out
