"""All that can go wrong, as a table: one fault, and the error that it must be."""

from dataclasses import dataclass

from custom_components.qube.api import (
    QubeApiError,
    QubeAuthenticationError,
    QubeClient,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from tests.simulator import ErrorCode, Fault, FaultKind

from .calls import Call, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A fault, and the error that it is: None where the answer can be used."""

    fault: Fault
    error: type[QubeError] | None
    code: str | None = None


CASES = (
    Case(fault=Fault(kind=FaultKind.LATENCY, seconds=0.12), error=QubeConnectionError),
    Case(fault=Fault(kind=FaultKind.DROP), error=QubeConnectionError),
    Case(fault=Fault(kind=FaultKind.ANSWER_LOST), error=QubeConnectionError),
    Case(fault=Fault(kind=FaultKind.TRUNCATION), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.HTML_200), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.HTML_200, body="[]"), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.WRONG_TYPES), error=None),
    Case(fault=Fault(kind=FaultKind.UNAUTHORIZED), error=QubeAuthenticationError),
    Case(fault=Fault(kind=FaultKind.AUTH_ERROR_200), error=QubeAuthenticationError),
    Case(fault=Fault(kind=FaultKind.PROXY_403), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.RATE_LIMITED, retry_after=0), error=QubeRateLimitError),
    Case(fault=Fault(kind=FaultKind.SERVER_ERROR), error=QubeResponseError),
    Case(
        fault=Fault(kind=FaultKind.SERVER_ERROR, status=503, is_json=True),
        error=QubeResponseError,
    ),
    Case(
        fault=Fault(kind=FaultKind.FAILURE_200, code=ErrorCode.DEVICE_OFFLINE),
        error=QubeDeviceOfflineError,
        code="device_offline",
    ),
    Case(
        fault=Fault(kind=FaultKind.FAILURE_200, code=ErrorCode.VALIDATION_ERROR),
        error=QubeApiError,
        code="validation_error",
    ),
    Case(
        fault=Fault(kind=FaultKind.ERROR, code=ErrorCode.AUTHENTICATION_ERROR),
        error=QubeAuthenticationError,
        code="authentication_error",
    ),
    Case(
        fault=Fault(kind=FaultKind.ERROR, code=ErrorCode.NOT_YOUR_SPACE),
        error=QubeApiError,
        code="not_your_space",
    ),
    Case(
        fault=Fault(kind=FaultKind.ERROR, code=ErrorCode.DEVICE_NOT_FOUND),
        error=QubeApiError,
        code="device_not_found",
    ),
    Case(
        fault=Fault(kind=FaultKind.ERROR, code=ErrorCode.DEVICE_OFFLINE),
        error=QubeDeviceOfflineError,
        code="device_offline",
    ),
    Case(fault=Fault(kind=FaultKind.REDIRECT), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.OVERSIZED), error=QubeResponseError),
    Case(fault=Fault(kind=FaultKind.IGNORED), error=None),
)


async def outcome_of(client: QubeClient, target: Target, call: Call) -> QubeError | None:
    """Return the error of a call, or None; any other error is a fault of the client."""
    try:
        await call.run(client, target)
    except QubeError as error:
        return error
    return None
