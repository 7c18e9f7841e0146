"""What can go wrong with a mail, on demand."""

import random
from collections import defaultdict
from enum import StrEnum

from mainspring.emulators.faults import FaultQueue


class MailFault(StrEnum):
    """One way in which a mail goes wrong, and whether the server has it then."""

    LATER = "later"  # 451 at RCPT
    REFUSED = "refused"  # 550 at RCPT
    HANG = "hang"  # no answer to RCPT
    DROP = "drop"  # the connection breaks at RCPT
    CLOSING = "closing"  # 421 at RCPT, and the connection is closed
    CONTENT_LATER = "content_later"  # 451 after the message
    CONTENT_REFUSED = "content_refused"  # 554 after the message
    DROP_UNACCEPTED = "drop_unaccepted"  # the connection breaks after the message; it is not accepted
    DROP_ACCEPTED = "drop_accepted"  # the connection breaks after the message; it is accepted
    HANG_ACCEPTED = "hang_accepted"  # the message is accepted, and no answer comes


class MailFaults:
    """The faults that are ordered: for the next mails, for a recipient, or for a share of all mails.

    `answers` are what the server says to every MAIL or RCPT, whatever the mail: {"MAIL": "550 5.4.5 …"}.
    `refused_connections` is how many of the next connections are broken before a word was said.
    """

    def __init__(self) -> None:
        self._next = FaultQueue[MailFault]()
        self._of_recipients: dict[str, list[MailFault]] = defaultdict(list)
        self._always: dict[str, MailFault] = {}
        self._share = 0.0
        self._of_share: tuple[MailFault, ...] = ()
        self._random = random.Random()
        self.answers: dict[str, str] = {}
        self.refused_connections = 0

    def next(self, *faults: MailFault | None) -> None:
        """Let the next mails go wrong, one in each of these ways; None is one that goes right."""
        self._next.next(*faults)

    def for_recipient(self, address: str, *faults: MailFault) -> None:
        """Let the next mails to an address go wrong, one in each of these ways."""
        self._of_recipients[address] += faults

    def always_for(self, address: str, fault: MailFault) -> None:
        """Let every mail to an address go wrong."""
        self._always[address] = fault

    def at_rate(self, share: float, *faults: MailFault, seed: int = 0) -> None:
        """Let this share of all mails go wrong, in one of these ways each, as the seed has it."""
        self._share, self._of_share, self._random = share, faults, random.Random(seed)

    def clear(self) -> None:
        """Let everything go right from now on."""
        self.__init__()  # type: ignore[misc]  # as it was at first

    def strikes(self, recipient: str) -> MailFault | None:
        """Say how the present mail goes wrong, if it does, and count it."""
        if self._next:
            return self._next.take()
        if self._of_recipients[recipient]:
            return self._of_recipients[recipient].pop(0)
        if recipient in self._always:
            return self._always[recipient]
        if self._of_share and self._random.random() < self._share:
            return self._random.choice(self._of_share)
        return None

    def refuses_connection(self) -> bool:
        """Say whether the present connection is refused, and count it."""
        self.refused_connections -= 1
        if self.refused_connections >= 0:
            return True
        self.refused_connections = 0
        return False
