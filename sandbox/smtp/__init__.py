"""A mail server on loopback that keeps what it accepts, and fails on demand."""

from sandbox.smtp.accepted import AcceptedMail
from sandbox.smtp.faults import MailFault, MailFaults
from sandbox.smtp.server import SmtpSandbox

__all__ = ["AcceptedMail", "MailFault", "MailFaults", "SmtpSandbox"]
