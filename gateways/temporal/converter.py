"""How values and failures travel to Temporal: JSON by pydantic, and failures whose text can be encoded."""

from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter, DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from mainspring.contracts.text import readable
from mainspring.gateways.temporal.payloads import Payloads


class ReadableFailures(DefaultFailureConverter):
    """Keeps failures, and the causes of failures, readable: what protobuf refuses would never be told."""

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        """Write `exception` to `failure`."""
        super().to_failure(_readable(exception), payload_converter, failure)


def _readable(error: BaseException) -> BaseException:
    text = error.message if isinstance(error, FailureError) else str(error)
    if isinstance(error, FailureError) and error.failure is not None:
        return error  # it has travelled already
    told = readable(text)
    if told == text:
        return error
    if isinstance(error, ApplicationError):
        copy = ApplicationError(
            told,
            *error.details,
            type=error.type,
            non_retryable=error.non_retryable,
            next_retry_delay=error.next_retry_delay,
            category=error.category,
        )
    elif isinstance(error, FailureError):
        return error  # Temporal's own words
    else:
        copy = ApplicationError(told, type=type(error).__name__)
    return _in_place_of(error, copy)


def _in_place_of(error: BaseException, copy: ApplicationError) -> ApplicationError:
    copy.__traceback__ = error.__traceback__
    copy.__context__ = error.__context__ if isinstance(error, ApplicationError) else None
    copy.__cause__ = error.__cause__
    copy.__suppress_context__ = error.__suppress_context__
    return copy


data_converter = DataConverter(payload_converter_class=Payloads, failure_converter_class=ReadableFailures)
