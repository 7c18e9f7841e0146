"""The bytes of a mail, read again by the standard library's parser."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32

from hypothesis import given, settings
from hypothesis import strategies as st

from gateways.mail import Mail, Mailbox
from gateways.mail.message import envelope_of

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# Everything that a person may be called or a product named: no control characters, no line ends.
WORDS = st.text(
    st.one_of(
        st.sampled_from(' "\\<>@,;:=?_äß猫🂡'),
        st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    ),
    max_size=120,
).map(lambda text: " ".join(text.split()))


@settings(deadline=None)
@given(subject=WORDS, name=WORDS)
def test_whatever_a_subject_or_a_name_is_the_reader_sees_it(subject: str, name: str) -> None:
    """In lines of at most 78 characters, and in ASCII."""
    mail = Mail(
        message_id="<1@shop.example>",
        sender=Mailbox("shop@shop.example", name),
        recipient=Mailbox("ann@example.org", name),
        subject=subject,
        text="a",
        html="b",
    )
    message = envelope_of(mail, AT).message
    assert message.isascii()

    # The parser of Python 3.11 that goes with the new policies adds spaces; the old one reads well.
    read = message_from_bytes(message, policy=compat32)
    assert max(len(line) for line in str(read["Subject"]).splitlines() + str(read["From"]).splitlines()) <= 78
    assert subject == words(read["Subject"])
    for header in ("From", "To"):
        written, _, address = str(read[header]).rpartition("<")
        assert name == words(written)
        assert address.rstrip(">") in {"shop@shop.example", "ann@example.org"}


def words(header: str) -> str:
    """Read a header that is for people."""
    return str(make_header(decode_header("".join(header.splitlines())))).strip()
