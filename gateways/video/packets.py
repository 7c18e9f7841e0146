"""How long a film is, by its own packets: what ffmpeg's `framecrc` format says of each of them."""

import re
from datetime import timedelta
from fractions import Fraction

# "#tb 0: 1/12800": the seconds of a tick.
TIME_BASE = re.compile(rb"^#tb 0: (\d+)/(\d+)$", re.MULTILINE)

# "0,       -512,       2048,      512,      125, 0x51cf3caa": stream, decoded at, shown at, for so long. Some
# containers do not say when a picture is shown, which is then the least number of 64 bits.
PACKET = re.compile(rb"^0, *(-?\d+), *(-?\d+), *(\d+),", re.MULTILINE)


class Packets:
    """The end of the picture that is shown last, and how many pictures there are.

    ffmpeg's own progress counts the moments of decoding: with B-frames, the picture that is shown last is not
    decoded last, and its moment is left out.
    """

    arguments: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._tick = Fraction(0)
        self.reached = timedelta(0)
        self.frames = 0

    def read(self, lines: bytes) -> None:
        """Take in whole lines."""
        base = TIME_BASE.search(lines)
        if base is not None:
            self._tick = Fraction(int(base[1]), int(base[2]))
        packets = PACKET.findall(lines)
        if packets:
            end = max(max(int(decoded), int(shown)) + int(length) for decoded, shown, length in packets)
            self.frames += len(packets)
            self.reached = max(self.reached, timedelta(seconds=float(end * self._tick)))
