"""Vectors of texts by their words: texts that share words are alike. The same text, the same vector."""

import hashlib
import math
import re

WORD = re.compile(r"\w{3,}")
# A word and its plural are the same.
STEM = 6


def vector_of(text: str, dimensions: int) -> list[float]:
    """Return the vector of a text, of length 1."""
    numbers = [0.0] * dimensions
    for word in WORD.findall(text.lower()) or [text]:
        digest = hashlib.sha256(word[:STEM].encode(errors="replace")).digest()
        numbers[int.from_bytes(digest[:4]) % dimensions] += 1 if digest[4] % 2 else -1
    length = math.sqrt(sum(each * each for each in numbers))
    if length == 0:
        numbers[0] = length = 1.0
    return [each / length for each in numbers]
