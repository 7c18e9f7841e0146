"""The mail gateway against the emulated server: every way in which a mail can go, and what is known then."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mainspring.contracts.retry import Retry
from mainspring.emulators.smtp import AcceptedMail, MailFault, SmtpEmulator
from mainspring.gateways.errors import CredentialsRefused, GatewayError, TransientError, Unreachable
from mainspring.gateways.smtp import (
    AnswerLost,
    Mail,
    Mailbox,
    Mailer,
    MailRefused,
    MailServer,
    MailUnsendable,
    PutOff,
    ServerAway,
    open_mailer,
)

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

# Long enough for an answer on a busy machine, short enough to be waited for when there is none.
SOON = timedelta(seconds=1)
COOLDOWN = timedelta(seconds=0.3)


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpEmulator]:
    """Run the server."""
    async with SmtpEmulator() as emulator:
        yield emulator


def mail(number: int = 1, **changes: Any) -> Mail:
    usual = Mail(
        message_id=f"<{number}@shop.example>",
        sender=Mailbox("shop@shop.example", "The Shop"),
        recipient=Mailbox(f"user{number}@example.org", "Ann"),
        subject="Charizard is on sale",
        text="Now €19.99\n.\n..and a line with dots\n",
        html="<p>Now €19.99</p>\n",
        list_unsubscribe="https://jobs.example.org/unsubscribe/abc",
    )
    return replace(usual, **changes)


def server_of(smtp: SmtpEmulator) -> MailServer:
    return MailServer(
        smtp.host, smtp.port, "none", timeout=SOON, answer_timeout=SOON, cooldown=COOLDOWN, connections=4
    )


def mailer_of(smtp: SmtpEmulator, **changes: Any) -> AbstractAsyncContextManager[Mailer]:
    return open_mailer(replace(server_of(smtp), **changes), tls=smtp.trusting)


async def failure_of(mailer: Mailer, number: int = 1) -> GatewayError:
    """Send a mail and return what became of it."""
    with pytest.raises(GatewayError) as caught:
        await mailer.send(mail(number), at=AT)
    return caught.value


async def test_a_mail_arrives_as_it_was_written(smtp: SmtpEmulator) -> None:
    """Its two parts, its headers and its envelope; what the server said is returned."""
    async with mailer_of(smtp) as mailer:
        assert "2.0.0 OK" == await mailer.send(mail(), at=AT)

    (arrived,) = smtp.accepted
    assert ("shop@shop.example", ("user1@example.org",)) == (arrived.sender, arrived.recipients)
    assert mail().text == arrived.part("plain")
    assert mail().html == arrived.part("html")
    assert {
        "From": "The Shop <shop@shop.example>",
        "To": "Ann <user1@example.org>",
        "Subject": "Charizard is on sale",
        "Date": "Sun, 22 Nov 2026 12:00:00 +0000",
        "Message-ID": "<1@shop.example>",
        "List-Unsubscribe": "<https://jobs.example.org/unsubscribe/abc>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }.items() <= dict(arrived.message.items()).items()


async def test_a_mail_without_a_link_has_no_header_for_it(smtp: SmtpEmulator) -> None:
    """A receipt cannot be unsubscribed from."""
    async with mailer_of(smtp) as mailer:
        await mailer.send(mail(list_unsubscribe=None), at=AT)
    assert "List-Unsubscribe" not in smtp.accepted[0].message
    assert "List-Unsubscribe-Post" not in smtp.accepted[0].message


async def test_other_alphabets_arrive(smtp: SmtpEmulator) -> None:
    """Names, subjects and domains; the message has nothing but ASCII and CRLF, in lines that servers take."""
    subject = "Größe für Ænne, ¥ und 猫 " * 8 + "🂡"
    sender = Mailbox("laden@straße.example", "Käse & Söhne, „Laden“")
    url = "https://jobs.example.org/unsubscribe/" + "x" * 300
    text = "猫 " * 700 + "\rÄ\n"
    async with mailer_of(smtp) as mailer:
        await mailer.send(mail(subject=subject, sender=sender, list_unsubscribe=url, text=text), at=AT)

    (arrived,) = smtp.accepted
    assert subject.strip() == str(arrived.message["Subject"]).strip()
    assert sender.name == arrived.message["From"].addresses[0].display_name
    assert "laden@xn--strae-oqa.example" == arrived.sender
    assert f"List-Unsubscribe: <{url}>\r\n".encode() in arrived.raw
    assert text.replace("\r", "\n") == arrived.part("plain")
    assert arrived.raw.isascii()
    assert arrived.raw.count(b"\n") == arrived.raw.count(b"\r\n") == arrived.raw.count(b"\r")
    assert max(len(line) for line in arrived.raw.split(b"\r\n")) < 998


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "A\r\nBcc: x@example.org"},
        {"subject": "A\nB"},
        {"subject": "A\x00"},
        {"recipient": Mailbox("a@example.org\r\nRCPT TO:<b@example.org>")},
        {"recipient": Mailbox("a@example.org> SIZE=1")},
        {"recipient": Mailbox("a@example.org", "Ann\r\nBcc: x@example.org")},
        {"recipient": Mailbox("a@example.org, b@example.org")},
        {"recipient": Mailbox("größe@example.org")},
        {"recipient": Mailbox("nobody")},
        {"recipient": Mailbox("@example.org")},
        {"recipient": Mailbox("a@")},
        {"recipient": Mailbox("a@-.example")},
        {"recipient": Mailbox("a" * 65 + "@example.org")},
        {"recipient": Mailbox("")},
        {"message_id": "1@shop.example"},
        {"message_id": "<1@shop.example>\r\nX: y"},
        {"text": "\ud800"},
    ],
)
async def test_a_mail_that_cannot_be_written_is_not_sent(changes: dict[str, Any], smtp: SmtpEmulator) -> None:
    """No value makes a header, a command or a second recipient; the error is the mail's own."""
    async with mailer_of(smtp) as mailer:
        with pytest.raises(MailUnsendable) as caught:
            await mailer.send(mail(**changes), at=AT)
    assert caught.value.retry is Retry.APPLICATION
    assert 0 == smtp.connections.made


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": Mailbox("shop@shop.example", "A\nB")},
        {"sender": Mailbox("shop@-.example")},
        {"list_unsubscribe": "https://x/>, <mailto:y@z"},
        {"list_unsubscribe": "https://x/\r\nX: y"},
        {"list_unsubscribe": "mailto:a@example.org"},
        {"list_unsubscribe": "https://käsehaus.example/unsubscribe/abc"},
        {"list_unsubscribe": "https://x/" + "a" * 950},
    ],
)
async def test_what_the_settings_put_into_a_mail_is_no_mail_s_fault(
    changes: dict[str, Any], smtp: SmtpEmulator
) -> None:
    """It is in every mail: all wait until a person has mended it."""
    async with mailer_of(smtp) as mailer:
        with pytest.raises(MailUnsendable) as caught:
            await mailer.send(mail(**changes), at=AT)
    assert caught.value.retry is Retry.UNTIL_MENDED
    assert 0 == smtp.connections.made


@pytest.mark.parametrize(
    ("fault", "error", "status", "code"),
    [
        (MailFault.LATER, PutOff, 451, "4.7.1"),
        (MailFault.CONTENT_LATER, PutOff, 451, "4.3.0"),
        (MailFault.REFUSED, MailRefused, 550, "5.1.1"),
        (MailFault.CONTENT_REFUSED, MailRefused, 554, "5.6.0"),
        (MailFault.CLOSING, Unreachable, 421, None),
        (MailFault.HANG, Unreachable, None, None),
        (MailFault.DROP, Unreachable, None, None),
        (MailFault.DROP_UNACCEPTED, AnswerLost, None, None),
        (MailFault.DROP_ACCEPTED, AnswerLost, None, None),
        (MailFault.HANG_ACCEPTED, AnswerLost, None, None),
    ],
)
async def test_a_failure_says_whether_the_server_may_have_the_mail(
    fault: MailFault, error: type[GatewayError], status: int | None, code: str | None, smtp: SmtpEmulator
) -> None:
    """Only a lost answer leaves that open; and the next mail goes through, whatever became of this one."""
    smtp.faults.next(fault)
    async with mailer_of(smtp) as mailer:
        failure = await failure_of(mailer)
        has_it = bool(smtp.accepted)
        await mailer.send(mail(2), at=AT)

    assert (error, status, code) == (type(failure), failure.status, failure.code)
    assert isinstance(failure, TransientError) is (error is not MailRefused)
    assert has_it is (fault in {MailFault.DROP_ACCEPTED, MailFault.HANG_ACCEPTED})
    assert "<2@shop.example>" == smtp.accepted[-1].message_id


async def test_the_server_s_words_are_kept(smtp: SmtpEmulator) -> None:
    """Whoever looks into a failed mail reads why."""
    smtp.faults.for_recipient("user1@example.org", MailFault.REFUSED)
    async with mailer_of(smtp) as mailer:
        assert "550 5.1.1 No such mailbox" in str(await failure_of(mailer))


async def test_a_few_connections_serve_many_mails(smtp: SmtpEmulator) -> None:
    """Each mail once, over four connections."""
    async with mailer_of(smtp) as mailer:
        await asyncio.gather(*(mailer.send(mail(number), at=AT) for number in range(200)))

    assert Counter(f"<{number}@shop.example>" for number in range(200)) == smtp.counts
    assert 4 == smtp.connections.made
    assert 0 == len(smtp.connections)


async def test_a_connection_is_renewed_after_so_many_mails(smtp: SmtpEmulator) -> None:
    """Some servers close one that was used for too many."""
    async with mailer_of(smtp, mails_a_connection=3, connections=1) as mailer:
        for number in range(7):
            await mailer.send(mail(number), at=AT)
    assert (7, 3) == (len(smtp.accepted), smtp.connections.made)


async def test_a_refused_mail_costs_no_connection(smtp: SmtpEmulator) -> None:
    """What the server had of it is reset, and the next mail goes over the same connection."""
    smtp.faults.next(MailFault.REFUSED, MailFault.LATER, MailFault.CONTENT_REFUSED)
    async with mailer_of(smtp, connections=1) as mailer:
        for number in range(3):
            await failure_of(mailer, number)
        await mailer.send(mail(3), at=AT)
    assert ["<3@shop.example>"] == [each.message_id for each in smtp.accepted]
    assert ("user3@example.org",) == smtp.accepted[0].recipients
    assert 1 == smtp.connections.made


async def test_a_connection_that_was_left_is_no_failure(smtp: SmtpEmulator) -> None:
    """The server closed it, or was started anew, while nobody looked."""
    async with mailer_of(smtp) as mailer:
        await mailer.send(mail(1), at=AT)
        smtp.break_connections()
        await mailer.send(mail(2), at=AT)
        await smtp.stop()
        await smtp.start()
        await mailer.send(mail(3), at=AT)
    assert [1, 1, 1] == list(smtp.counts.values())


@pytest.mark.parametrize("fault", [MailFault.DROP, MailFault.CLOSING])
async def test_a_used_connection_that_breaks_before_the_message_is_replaced_once(
    fault: MailFault, smtp: SmtpEmulator
) -> None:
    """Nothing was handed over, so nothing can arrive twice; on a new one the failure counts."""
    async with mailer_of(smtp) as mailer:
        await mailer.send(mail(1), at=AT)
        smtp.faults.next(fault)
        await mailer.send(mail(2), at=AT)
        smtp.faults.next(fault, fault)
        assert isinstance(await failure_of(mailer, 3), Unreachable)
    assert ["<1@shop.example>", "<2@shop.example>"] == [each.message_id for each in smtp.accepted]


async def test_a_lost_answer_is_never_sent_again_by_the_gateway(smtp: SmtpEmulator) -> None:
    """Whether to do so is decided by whoever keeps the books."""
    async with mailer_of(smtp) as mailer:
        await mailer.send(mail(1), at=AT)
        smtp.faults.next(MailFault.DROP_ACCEPTED)
        assert isinstance(await failure_of(mailer, 2), AnswerLost)
    assert {"<1@shop.example>": 1, "<2@shop.example>": 1} == smtp.counts
    assert [True, False] == [each.answered for each in smtp.accepted]


async def test_a_server_that_is_away_is_tried_by_one_at_a_time(smtp: SmtpEmulator) -> None:
    """The others are told at once when to come again; when it is back, all goes through."""
    passed = 0.0
    server = replace(server_of(smtp), connections=1)
    async with open_mailer(server, tls=smtp.trusting, seconds=lambda: passed) as mailer:
        smtp.faults.refused_connections = 2
        failures = [await failure_of(mailer, number) for number in range(20)]
        assert {ServerAway} == {type(each) for each in failures}
        assert all(isinstance(each, ServerAway) and each.retry_after <= COOLDOWN for each in failures)
        assert 1 == smtp.connections.made

        passed += COOLDOWN.total_seconds()
        failures = [await failure_of(mailer, number) for number in range(20)]
        assert 2 == smtp.connections.made

        passed += COOLDOWN.total_seconds()
        for number in range(20):
            await mailer.send(mail(number), at=AT)
        assert 3 == smtp.connections.made
    assert 20 == len(smtp.accepted)


async def test_a_port_where_nobody_listens_is_a_server_that_is_away(smtp: SmtpEmulator) -> None:
    """Nothing was sent."""
    await smtp.stop()
    async with mailer_of(smtp) as mailer:
        assert isinstance(await failure_of(mailer), ServerAway)


async def test_a_server_that_says_nothing_is_one_that_is_away() -> None:
    """It is given up after the time for a step."""

    async def listen(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)
        writer.close()

    silent = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    brief = timedelta(seconds=0.2)
    async with open_mailer(MailServer("127.0.0.1", port, "none", timeout=brief)) as mailer:
        assert isinstance(await failure_of(mailer), ServerAway)
    silent.close()


async def test_whoever_is_cancelled_leaves_no_half_mail_to_the_next(smtp: SmtpEmulator) -> None:
    """The connection is not used again."""
    async with mailer_of(smtp, connections=1, timeout=timedelta(seconds=30)) as mailer:
        smtp.faults.next(MailFault.HANG)
        sending = asyncio.create_task(mailer.send(mail(1), at=AT))
        while not smtp.attempts:  # noqa: ASYNC110  # the server has no event for it
            await asyncio.sleep(0.01)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await mailer.send(mail(2), at=AT)
    assert ["<2@shop.example>"] == [each.message_id for each in smtp.accepted]


async def test_mails_are_sent_encrypted_and_as_a_user() -> None:
    """By STARTTLS; a certificate that nobody vouches for is refused, and so is a server without."""
    async with SmtpEmulator(users={"shop": "secret"}, tls=True) as smtp:
        access = {"security": "starttls", "username": "shop", "password": "secret"}
        async with mailer_of(smtp, **access) as mailer:
            await mailer.send(mail(), at=AT)
        async with open_mailer(MailServer(smtp.host, smtp.port, cooldown=COOLDOWN)) as distrusting:
            assert "certificate" in str(await failure_of(distrusting))
    assert 1 == len(smtp.accepted)

    async with SmtpEmulator() as plain, mailer_of(plain, security="starttls") as mailer:
        assert "STARTTLS" in str(await failure_of(mailer))
    assert [] == plain.accepted


@pytest.mark.parametrize(
    "access", [{"username": "shop", "password": "wrong"}, {"username": "nobody"}, {"username": None}]
)
async def test_a_wrong_password_is_tried_once(access: dict[str, str | None]) -> None:
    """A server locks out who comes with it again and again; no mail is lost by it, all wait."""
    async with SmtpEmulator(users={"shop": "secret"}) as smtp, mailer_of(smtp, **access) as mailer:
        failure = await failure_of(mailer)
        assert isinstance(failure, ServerAway)
        assert isinstance(failure.__cause__, CredentialsRefused)
        assert failure.status in {530, 535}
        assert "secret" not in str(failure)
        if access["username"] is not None:
            assert isinstance(await failure_of(mailer), ServerAway)
            assert 1 == smtp.connections.made


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("MAIL", "550 5.4.5 The daily sending limit of this account is used up"),
        ("MAIL", "451 4.3.0 Not now"),
        ("RCPT", "504 5.5.2 <{hello}>: Helo command rejected: need fully-qualified hostname"),
        ("RCPT", "554 5.7.1 <someone@example.org>: Relay access denied"),
    ],
)
async def test_a_server_that_refuses_us_is_left_alone_and_no_mail_is_burnt(
    verb: str, answer: str, smtp: SmtpEmulator
) -> None:
    """All wait for a person, and cost the server a command for each connection; mended, all go through."""
    passed = 0.0
    async with open_mailer(server_of(smtp), tls=smtp.trusting, seconds=lambda: passed) as mailer:
        smtp.faults.answers[verb] = answer
        failures = await asyncio.gather(*(failure_of(mailer, number) for number in range(30)))
        assert smtp.refused[verb] <= server_of(smtp).connections
        refused = smtp.refused[verb]
        for _ in range(5):
            passed += COOLDOWN.total_seconds()
            await failure_of(mailer)
        assert smtp.refused[verb] == refused + 2  # the longer it refuses, the longer it is left alone
        smtp.faults.clear()
        passed += timedelta(minutes=5).total_seconds()
        for number in range(30):
            await mailer.send(mail(number), at=AT)

    assert {(ServerAway, Retry.UNTIL_MENDED)} == {(type(each), each.retry) for each in failures}
    assert 1 == len({str(each) for each in failures})
    assert answer.partition("<")[0] in str(failures[0])
    assert 30 == len(smtp.accepted)


async def test_the_host_name_and_the_envelope_s_sender_are_ours_to_set(smtp: SmtpEmulator) -> None:
    """What people read as the sender stays; the refusal shows the name that we have said."""
    smtp.faults.answers["RCPT"] = "504 <{hello}>: Helo command rejected"
    names = {"hello": "mail.shop.example", "envelope_sender": "bounces@shop.example"}
    async with mailer_of(smtp, **names) as mailer:
        assert "<mail.shop.example>" in str(await failure_of(mailer))
    smtp.faults.clear()
    async with mailer_of(smtp, **names) as mailer:
        await mailer.send(mail(), at=AT)

    (arrived,) = smtp.accepted
    assert ("bounces@shop.example", "The Shop <shop@shop.example>") == (
        arrived.sender,
        str(arrived.message["From"]),
    )


async def test_a_server_without_a_login_refuses_the_credentials(smtp: SmtpEmulator) -> None:
    """A password that the settings ask for is not left out."""
    async with mailer_of(smtp, username="shop", password="secret") as mailer:
        assert isinstance((await failure_of(mailer)).__cause__, CredentialsRefused)


async def test_faults_at_a_rate_lose_nothing_that_is_tried_again(smtp: SmtpEmulator) -> None:
    """Every mail arrives; twice only where the answer was lost, and then under the same Message-ID."""
    smtp.faults.at_rate(0.2, *(each for each in MailFault if "hang" not in each), seed=4)
    refused, lost = set(), set()

    async def until_sent(mailer: Mailer, number: int) -> None:
        while True:
            try:
                await mailer.send(mail(number), at=AT)
            except AnswerLost:
                lost.add(f"<{number}@shop.example>")
            except MailRefused:
                refused.add(f"<{number}@shop.example>")
                return
            except TransientError:
                await asyncio.sleep(0.01)
            else:
                return

    async with mailer_of(smtp) as mailer:
        await asyncio.gather(*(until_sent(mailer, number) for number in range(150)))

    counts = smtp.counts
    assert {f"<{number}@shop.example>" for number in range(150)} - refused <= set(counts)
    assert {message_id for message_id, count in counts.items() if count > 1} <= lost
    assert lost
    assert 4 == smtp.connections.most


async def test_the_server_runs_by_itself_and_keeps_what_it_accepts(tmp_path: Path) -> None:
    """In a process of its own, which outlives the worker that a drill kills."""
    keep = tmp_path / "mails"
    keep.mkdir()
    (keep / "0001.eml").write_bytes(b"of an earlier run")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mainspring.emulators.smtp", "--keep", str(keep), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int((await process.stdout.readline()).rsplit(b":", 1)[1])
        async with open_mailer(MailServer("127.0.0.1", port, "none")) as mailer:
            await mailer.send(mail(), at=AT)
        assert {"0001.eml", "0002.eml"} == {each.name for each in keep.iterdir()}
        raw = (keep / "0002.eml").read_bytes()
        kept = AcceptedMail("", (), raw, at=AT, answered=True)
        assert ("<1@shop.example>", mail().text) == (kept.message_id, kept.part("plain"))
    finally:
        process.terminate()
        await process.wait()
