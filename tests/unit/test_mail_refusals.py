"""Whom a server's refusal is about, in the words of the servers that there are."""

import pytest

from mainspring.gateways.smtp.errors import enhanced_code
from mainspring.gateways.smtp.refusals import Step, is_about_us

ABOUT_US = [
    # Postfix says these at RCPT (smtpd_delay_reject), so that its log names the recipient.
    (504, "5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"),
    (450, "4.7.1 <vm>: Helo command rejected: Host not found"),
    (550, "5.7.1 <vm>: Helo command rejected: Access denied"),
    (550, "5.1.8 <shop@shop.example>: Sender address rejected: Domain not found"),
    (553, "5.7.1 <shop@shop.example>: Sender address rejected: not owned by user shop"),
    (554, "5.7.1 <ann@example.org>: Relay access denied"),
    (554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    # Exim
    (550, "Relay not permitted"),
    (550, "relaying denied"),
    # Google, Amazon, Microsoft
    (550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail"),
    (452, "4.5.3 Your message quota is used up"),
    (554, "Message rejected: Email address is not verified. The following identities failed the check"),
    (454, "Throttling failure: Daily message quota exceeded."),
    (454, "Throttling failure: Maximum sending rate exceeded."),
    (554, "Sending is paused for this account."),
    (550, "5.7.60 SMTP; Client does not have permissions to send as this sender"),
    (550, "5.1.8 Access denied, bad outbound sender"),
    (550, "5.7.501 Access denied, spam abuse detected"),
    (550, "5.7.26 This mail is unauthenticated, which poses a security risk to the sender"),
    (451, "4.3.2 System not accepting network messages"),
]

ABOUT_THE_MAIL = [
    (550, "5.1.1 No such mailbox"),
    (550, "5.1.1 <ann@example.org>: Recipient address rejected: User unknown in virtual mailbox table"),
    (550, "5.1.2 <ann@nowhere.example>: Recipient address rejected: Domain not found"),
    (501, "5.1.3 Bad recipient address syntax"),
    (552, "5.2.2 Mailbox full"),
    (552, "5.2.2 The recipient's quota is exceeded"),
    (450, "4.2.0 <ann@example.org>: Recipient address rejected: Greylisted, see http://postgrey.example"),
    (451, "4.7.1 Try again later"),
    (452, "4.2.2 Over quota"),
    (552, "5.3.4 Message size exceeds fixed limit"),
    (550, "5.7.1 The recipient does not accept mails from outside of the company"),
    (554, "5.7.1 Spam message rejected"),
    (554, "5.6.0 Not such a message"),
    (550, "5.4.1 Recipient address rejected: Access denied"),
]


@pytest.mark.parametrize("step", [Step.RECIPIENT, Step.MESSAGE])
@pytest.mark.parametrize(("status", "words"), ABOUT_US)
def test_what_is_about_us_is_known_by_its_code_or_its_words(step: Step, status: int, words: str) -> None:
    """Servers say it when a recipient is named, or when the message is there."""
    assert is_about_us(step, status, enhanced_code(words), words)


@pytest.mark.parametrize("step", [Step.RECIPIENT, Step.MESSAGE])
@pytest.mark.parametrize(("status", "words"), ABOUT_THE_MAIL)
def test_what_is_about_the_mail_or_its_recipient_keeps_no_other_mail(
    step: Step, status: int, words: str
) -> None:
    """One mail to a mailbox that is full must not hold up all the others."""
    assert not is_about_us(step, status, enhanced_code(words), words)


@pytest.mark.parametrize(("status", "words"), [*ABOUT_US, *ABOUT_THE_MAIL])
def test_whatever_is_refused_before_a_recipient_was_named_is_about_us(status: int, words: str) -> None:
    """No mail was named yet."""
    assert is_about_us(Step.SENDER, status, enhanced_code(words), words)
