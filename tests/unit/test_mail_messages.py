"""The bytes of a mail, read again by the standard library's parser."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from mainspring.activities.wishlist.mailing.wording import MailItem
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import NotificationKind
from mainspring.gateways.smtp import Mail, Mailbox, MailUnsendable
from mainspring.gateways.smtp.message import envelope_of

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# Everything that a person may be called or a product named: no control characters, no line ends.
WORDS = st.text(
    st.one_of(
        st.sampled_from(' "\\<>@,;:=?_äß猫🂡'),
        st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]),
    ),
    max_size=120,
).map(lambda text: " ".join(text.split()))


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


@given(address=st.from_regex(r"\A.{0,5}[a-zü. @\"]{1,8}@[a-zäß.<> -]{1,9}.{0,3}\Z"), name=WORDS.filter(bool))
@example(address="a@a.", name="0")
@example(address="a@a。", name="0")
def test_whoever_an_import_takes_can_be_sent_a_mail(address: str, name: str) -> None:
    """Whoever it refuses cannot: the files of the shop and the mailer have the same rules."""
    try:
        accepted = User(id="ann", email=address, name=name)
    except ValidationError:
        with pytest.raises(MailUnsendable):
            Mailbox(address).wire()
        return
    assert accepted.email == address
    assert mail_to(address, name)


@given(link=st.from_regex(r"\A(https?|HTTP|ftp)://?.{0,4}[a-z/<>\" ]{0,5}.?\Z"))
def test_whatever_link_an_import_takes_can_stand_in_a_mail(link: str) -> None:
    """And what it refuses cannot."""
    try:
        Product(id="p", name="Lamp", url=link, currency="EUR", price_cents=1)
    except ValidationError:
        with pytest.raises(MailUnsendable):
            alert_of(link)
        return
    assert link == alert_of(link).product_url


@pytest.mark.parametrize("address", ["ü@exämple.org", "a b@c.org", '"a"@c.org', "a@", "@c.org", "a@b@c.org"])
def test_an_address_that_no_mail_can_be_sent_to_is_refused_by_both(address: str) -> None:
    """Before the @ only ASCII without quotes; behind it also an international domain."""
    with pytest.raises(ValidationError):
        User(id="ann", email=address)
    with pytest.raises(MailUnsendable):
        Mailbox(address).wire()
    assert "ann@xn--exmple-cua.org" == Mailbox(User(id="ann", email="ann@exämple.org").email).wire()


def mail_to(address: str, name: str) -> bytes:
    """Write a mail to somebody."""
    mail = Mail(
        message_id="<1@shop.example>",
        sender=Mailbox("shop@shop.example"),
        recipient=Mailbox(address, name),
        subject="a",
        text="a",
        html="b",
    )
    return envelope_of(mail, AT).message


def alert_of(link: str) -> MailItem:
    """Return an alert with this link."""
    return MailItem(NotificationKind.SALE, "Lamp", link, price_cents=1, currency="EUR")
