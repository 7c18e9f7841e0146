"""A mail server on loopback that keeps what it accepts, and fails on demand."""

from mainspring.emulators.smtp.accepted import AcceptedMail
from mainspring.emulators.smtp.faults import MailFault, MailFaults
from mainspring.emulators.smtp.server import SmtpEmulator

__all__ = ["AcceptedMail", "MailFault", "MailFaults", "SmtpEmulator"]
