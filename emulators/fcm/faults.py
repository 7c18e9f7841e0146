"""What can go wrong with FCM, on demand.

https://firebase.google.com/docs/cloud-messaging/error-codes, read in November 2026.
"""

from enum import StrEnum


class FcmFault(StrEnum):
    """One way in which a push goes wrong."""

    UNREGISTERED = "unregistered"  # 404: the app is gone from the device
    INVALID_ARGUMENT = "invalid_argument"  # 400: of the payload
    QUOTA_EXCEEDED = "quota_exceeded"  # 429 with Retry-After
    UNAVAILABLE = "unavailable"  # 503
    INTERNAL = "internal"  # 500
    UNAUTHENTICATED = "unauthenticated"  # 401: the access token
    LOST_ANSWER = "lost_answer"  # it is delivered, then the connection breaks
    DROPPED = "dropped"  # the connection breaks before anything is done


# The status of each answer, Google's name of it, and the errorCode of FCM's own.
ANSWERS = {
    FcmFault.UNREGISTERED: (404, "NOT_FOUND", "UNREGISTERED"),
    FcmFault.INVALID_ARGUMENT: (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
    FcmFault.QUOTA_EXCEEDED: (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
    FcmFault.UNAVAILABLE: (503, "UNAVAILABLE", "UNAVAILABLE"),
    FcmFault.INTERNAL: (500, "INTERNAL", "INTERNAL"),
    FcmFault.UNAUTHENTICATED: (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
}
