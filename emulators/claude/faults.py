"""How a call of Claude goes wrong."""

from enum import StrEnum


class ClaudeFault(StrEnum):
    """One way in which a call goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429, with Retry-After
    OVERLOADED = "overloaded"  # 529, with Retry-After
    SERVER_ERROR = "server_error"  # 500
    BAD_REQUEST = "bad_request"  # 400
    UNAUTHORIZED = "unauthorized"  # 401
    MODEL_UNKNOWN = "model_unknown"  # 404
    REFUSAL = "refusal"  # an answer, which was paid for
    TRUNCATED = "truncated"  # as above, cut off in the middle of its JSON
    INVALID = "invalid"  # as above, of another structure
    SLOW = "slow"  # an answer, after a while
    DROP = "drop"  # the connection breaks


# Those that are no answer: the status, and the type of the error.
STATUSES = {
    ClaudeFault.RATE_LIMITED: (429, "rate_limit_error"),
    ClaudeFault.OVERLOADED: (529, "overloaded_error"),
    ClaudeFault.SERVER_ERROR: (500, "api_error"),
    ClaudeFault.BAD_REQUEST: (400, "invalid_request_error"),
    ClaudeFault.UNAUTHORIZED: (401, "authentication_error"),
    ClaudeFault.MODEL_UNKNOWN: (404, "not_found_error"),
}
