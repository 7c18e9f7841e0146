"""Whom a server's refusal is about: the mail, or us who send it.

What is about us is no mail's fault: the host name that we say, the sender, our address, our limit. It is
told apart by the enhanced code (RFC 3463 and its registry at IANA), by the code, and by the words of the
servers that have no code of their own for it.
"""

import re
from enum import Enum


class Step(Enum):
    """The step at which a server has answered."""

    SENDER = "MAIL"
    """No recipient was named yet, so whatever the answer is, it is about us."""
    RECIPIENT = "RCPT"
    MESSAGE = "DATA"


FIRST_REFUSAL = 400

# The server does not know, or expect, what we have said: 504 is how Postfix refuses a host name.
PROTOCOL = {500, 502, 503, 504}

# Subject and detail of the enhanced codes that are about us.
OURS = {
    "1.7": "the sender's address cannot be one",
    "1.8": "the sender's domain cannot be one",
    "3.2": "the system takes no mails",
    "3.5": "the system is not set up rightly",
    "4.5": "a limit of the account, as Google says it",
    "7.8": "the password is wrong",
    "7.9": "the login is too weak",
    "7.11": "encryption is needed",
    "7.13": "the account is disabled",
    "7.14": "there is no trust between the servers",
    "7.20": "no signature of the domain passes",
    "7.21": "no acceptable signature",
    "7.22": "the signature is not the author's",
    "7.23": "SPF fails",
    "7.24": "SPF cannot be read",
    "7.25": "our address has no name",
    "7.26": "more than one of these checks fails",
    "7.27": "the sender's domain takes no mails itself",
    "7.28": "too many mails",
    "7.60": "this account may not send as this sender, as Microsoft says it",
}

# RFC 3463 ends at 7.7; Microsoft's own for tenants and accounts begin here.
FIRST_OF_MICROSOFT = 500

ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})$")

WORDS = re.compile(
    r"\b(?:helo|ehlo)\b"
    r"|\b(?:sender|client host|client) (?:address )?(?:was |is )?(?:rejected|denied|blocked|refused|not)\b"
    r"|\brelay(?:ing)?\b.{0,20}\b(?:denied|prohibited|not (?:permitted|allowed))"
    r"|\b(?:daily|hourly|monthly|sending|outgoing|message) (?:\w+ ){0,2}(?:limit|quota)"
    r"|\bsending (?:is |has been )?(?:paused|disabled|suspended)"
    r"|\baddress is not verified"
    r"|\bblocked (?:using|by) \S*\.\S+"
    r"|\bmaximum sending rate",
    re.IGNORECASE,
)


def is_about_us(step: Step, status: int, code: str | None, words: str) -> bool:
    """Whether an answer refuses us, whatever the mail. `code` is its enhanced code, if it has one."""
    if status < FIRST_REFUSAL:
        return False
    if step is Step.SENDER or status in PROTOCOL:
        return True
    return _is_ours(code) or WORDS.search(words) is not None


def _is_ours(code: str | None) -> bool:
    found = ENHANCED.match(code or "")
    if found is None:
        return False
    subject, detail = int(found[1]), int(found[2])
    return f"{subject}.{detail}" in OURS or (subject == 7 and detail >= FIRST_OF_MICROSOFT)  # noqa: PLR2004  # security
