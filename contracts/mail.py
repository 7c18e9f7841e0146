"""What a mail is sent to and what stands in one: files of the shop and the gateway have the same rules."""

import re

import idna

# RFC 5321: an address has at most so many characters, and so many of them before the @.
LONGEST_ADDRESS = 254
LONGEST_LOCAL_PART = 64

LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")

# Anything else that a browser follows (`javascript:`, `data:`) has no place in a mail.
WEB_LINK = re.compile(r"https?://[^\s/<>\"\x00-\x1f\x7f][^\s<>\"\x00-\x1f\x7f]*", re.IGNORECASE)

# Line breaks, also those of Unicode, and control characters: none of them stands in a header.
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


def is_web_link(link: str) -> bool:
    """Whether a link leads to a web page and may stand in a mail."""
    return WEB_LINK.fullmatch(link) is not None


def is_one_line(text: str) -> bool:
    """Whether a text may stand in a header."""
    return CONTROL.search(text) is None


def wire_address(address: str) -> str:
    """Return an address as mail servers know it, its domain in ASCII. ValueError says what is wrong with it.

    The domain may be an international one; the part before the @ is ASCII without quotes.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(local) > LONGEST_LOCAL_PART or not LOCAL_PART.fullmatch(local):
        raise ValueError(f"{address!r} is not an address that mail can be sent to")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"{address!r}: {error}") from error
    if ascii_domain.endswith("."):  # which names in the DNS may, and those in mails may not
        raise ValueError(f"{address!r} is not an address that mail can be sent to: it ends with a dot")
    wire = f"{local}@{ascii_domain}"
    if len(wire) > LONGEST_ADDRESS:
        raise ValueError(f"{address!r} is too long")
    return wire
