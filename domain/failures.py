"""When two failures are the same: the message without all that only names the one case."""

import hashlib
import re

# Beyond this a message is a report, such as a program's last output: its beginning says what is wrong.
LONGEST_COMPARED = 2_000

# As many new tasks a second as a small engine starts beside its other work.
REPLAYS_A_SECOND = 10.0

# What is taken out, in the order in which it is looked for at each place of the text. What may begin at many
# places has a greatest length and gives nothing back (`+` after a count), or each would look at all the rest.
VARYING = {
    "url": r"\b[A-Za-z][A-Za-z0-9+.-]{0,30}+://[^\s'\"<>()\[\]{}]*[^\s'\"<>()\[\]{}.,;:!?]",
    "time": (
        r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?(?:Z|UTC)\b|[+-]\d\d:?\d\d)?)?"
        r"|\b\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?\b"
    ),
    # A UUID, hexadecimal digits, or a long word with digits among its letters; "480p" and "h264" are words.
    "id": (
        r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"
        r"|\b0[xX][0-9a-fA-F]+\b|\b(?=\d*[a-fA-F])[0-9a-fA-F]{16,}\b"
        r"|\b(?=\w*\d\w*\d)(?=\w*[A-Za-z])\w{8,}\b"
    ),
    # An apostrophe within a word opens nothing.
    "value": r"(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»",
    "address": r"[\w.+-]{1,64}+@[\w-]++(?:\.[\w-]+)+",
    "path": (
        r"(?<![\w>/])(?:~|\.\.?)?(?:/[\w.@%+=~-]+)+/?"
        r"|\b[A-Za-z]:\\[^\s'\"]+"
        r"|\b[\w.-]{1,64}+(?:/[\w.-]{1,64}+){0,12}/[\w-]{1,64}+\.[A-Za-z]\w{0,4}\b"
    ),
    "number": r"(?:(?<![\w.-])[+-])?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?",
}
PATTERN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in VARYING.items()))


def normalised(message: str) -> str:
    """Return a message with its urls, times, ids, quoted values, addresses, paths and numbers taken out.

    What remains is on one line, and has no digit in it.
    """
    text = PATTERN.sub(lambda found: f"<{found.lastgroup}>", message[:LONGEST_COMPARED])
    return " ".join(text.split())


def fingerprint(job: str, error_type: str, message: str) -> str:
    """Return what failures of the same kind have in common: 64 hexadecimal digits."""
    text = "\n".join((job, error_type, normalised(message)))
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
