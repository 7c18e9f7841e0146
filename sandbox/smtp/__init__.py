"""A mail server on loopback that keeps what it accepts, and fails on demand."""

from mainspring.sandbox.smtp.accepted import AcceptedMail
from mainspring.sandbox.smtp.faults import MailFault, MailFaults
from mainspring.sandbox.smtp.server import SmtpSandbox

__all__ = ["AcceptedMail", "MailFault", "MailFaults", "SmtpSandbox"]
