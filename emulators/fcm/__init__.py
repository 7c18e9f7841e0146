"""Firebase Cloud Messaging's HTTP v1 API and Google's token endpoint, with faults on demand."""

from mainspring.emulators.fcm.faults import FcmFault
from mainspring.emulators.fcm.server import FcmEmulator

__all__ = ["FcmEmulator", "FcmFault"]
