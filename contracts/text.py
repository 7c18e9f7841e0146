"""Text from outside, as it may be kept, printed and sent: storable, without control characters, short.

An error's text may hold what a vendor, a tool or a user has written. `readable` makes it fit for the
database, Temporal, the log, the terminal, mails and webhooks.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator

# What PostgreSQL and UTF-8 have no place for.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# What Unicode has for a character that cannot be shown.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# What steers a terminal: C0 but newline and tab, DEL, C1, and what turns the direction of a line.
CONTROL = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# Where Unicode's pictures of C0 begin, and that of DEL.
PICTURES, DELETE, PICTURE_OF_DELETE = 0x2400, 0x7F, "\N{SYMBOL FOR DELETE}"

# What is told of an error, of where it happened, and of a name in it, in characters.
LONGEST_ERROR = 10_000
LONGEST_STACK = 50_000
LONGEST_NAME = 1_000

# Passwords of URLs, and what their queries sign or let in by: names as vendors have them, in any case. Each
# takes time in proportion to the text: a text from outside may be long, and the event loop waits meanwhile.
# That is why SIGNED looks ahead for the word within a name; `.*word.*=` would try each word of a long name.
USERINFO = re.compile(r"(?<=://)[^\s/?#'\"]+@")
SIGNED = re.compile(
    r"""([?&;](?:(?=[\w.-]*(?:signature|credential|token|secret|password|api_?key))[\w.-]+"""
    r"""|sig|key|auth|hdnts|hdnea|policy|pwd|awsaccesskeyid)=)[^\s&#;'"<>]+""",
    re.IGNORECASE,
)
HIDDEN = "***"

CUT = re.compile(r"… \([0-9,]+ more characters\)")


def storable(text: str) -> str:
    """Return `text` as the database keeps it."""
    return UNSTORABLE.sub(REPLACEMENT, text)


def printable(text: str) -> str:
    """Return `text` with a visible sign for each character that a terminal would obey."""
    return CONTROL.sub(_sign, storable(text.replace("\r\n", "\n")))


def without_secrets(text: str) -> str:
    """Return `text` without the passwords and signatures of the URLs in it."""
    if "://" not in text and "=" not in text:
        return text
    return SIGNED.sub(rf"\1{HIDDEN}", USERINFO.sub(f"{HIDDEN}@", text))


def values_without_secrets(value: Any) -> Any:
    """Return a JSON value, at any depth, whose texts are `without_secrets`."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: values_without_secrets(each) for name, each in value.items()}
    if isinstance(value, list):
        return [values_without_secrets(each) for each in value]
    return value


def readable(text: str, most: int = LONGEST_ERROR) -> str:
    """Return an error, or a stack, as it is told and kept. What is readable already stays as it is."""
    told = printable(without_secrets(text))
    if len(told) <= most or CUT.fullmatch(told, most):
        return told
    return f"{told[:most]}… ({len(told) - most:,} more characters)"


def _stack(text: str) -> str:
    return readable(text, LONGEST_STACK)


def _name(text: str) -> str:
    return readable(text, LONGEST_NAME)


ErrorText = Annotated[str, AfterValidator(readable)]
StackText = Annotated[str, AfterValidator(_stack)]
NameText = Annotated[str, AfterValidator(_name)]


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code == DELETE:
        return PICTURE_OF_DELETE
    return chr(PICTURES + code) if code < ord(" ") else REPLACEMENT
