"""The envelope around every answer, and the errors it may carry."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, override

import orjson

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class ErrorCode(StrEnum):
    """The error codes of the vendor page."""

    DEVICE_NOT_FOUND = "device_not_found"
    VALIDATION_ERROR = "validation_error"
    DEVICE_OFFLINE = "device_offline"
    NOT_YOUR_SPACE = "not_your_space"
    AUTHENTICATION_ERROR = "authentication_error"


STATUS: Final[dict[ErrorCode, int]] = {
    ErrorCode.DEVICE_NOT_FOUND: 404,
    ErrorCode.VALIDATION_ERROR: 400,
    ErrorCode.DEVICE_OFFLINE: 409,
    ErrorCode.NOT_YOUR_SPACE: 403,
    ErrorCode.AUTHENTICATION_ERROR: 401,
}

DETAIL: Final[dict[ErrorCode, str]] = {
    ErrorCode.DEVICE_NOT_FOUND: (
        "You are not allowed to access the specified device. "
        "Or the specified device does not exist."
    ),
    ErrorCode.VALIDATION_ERROR: "The request is not valid.",
    ErrorCode.DEVICE_OFFLINE: "The device is not online.",
    ErrorCode.NOT_YOUR_SPACE: "The specified space does not belong to your account.",
    ErrorCode.AUTHENTICATION_ERROR: "The API key is missing or not valid.",
}


class ApiError(Exception):
    """An answer that says no."""

    def __init__(self, code: ErrorCode, detail: str | None = None) -> None:
        """Take the code, and a detail where the usual one says too little."""
        super().__init__(code)
        self.code = code
        self.detail = detail or DETAIL[code]

    @property
    def status(self) -> int:
        """Return the HTTP status that goes with the code."""
        return STATUS[self.code]

    @override
    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def success(now: datetime, data: Json, message: str | None = None) -> bytes:
    """Return the body of an answer that says yes; reads carry no message."""
    envelope: dict[str, Json] = {"success": True, "data": data}
    if message is not None:
        envelope["message"] = message
    envelope["timestamp"] = _timestamp(now)
    return orjson.dumps(envelope)


def failure(now: datetime, code: str, detail: str) -> bytes:
    """Return the body of an answer that says no."""
    error: Json = {"code": code, "detail": detail}
    return orjson.dumps({"success": False, "error": error, "timestamp": _timestamp(now)})


def _timestamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
