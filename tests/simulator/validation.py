"""What a request may say; anything else is a validation error."""

from datetime import date
from typing import Final

import orjson

from .model import Mode
from .protocol import ApiError, ErrorCode, Json

MAX_NAME: Final = 100
MAX_TEXT: Final = 255
MAX_SSID: Final = 32
MAX_WIFI_PASSWORD: Final = 64
MAX_TARIFF_PAISE: Final = 1_000_000
_METADATA: Final = ("description", "udf1", "udf2", "udf3", "udf4", "udf5")


def invalid(detail: str) -> ApiError:
    """Return the error that says what is wrong with a request."""
    return ApiError(ErrorCode.VALIDATION_ERROR, detail)


def parse_object(raw: bytes) -> dict[str, Json]:
    """Return a body that must be one JSON object."""
    try:
        body: Json = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise invalid("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise invalid("The body is not an object.")
    return body


def boolean(body: dict[str, Json], key: str) -> bool:
    """Return a field that must be true or false."""
    value = body.get(key)
    if not isinstance(value, bool):
        raise invalid(f"{key} must be true or false.")
    return value


def integer(body: dict[str, Json], key: str, *, lowest: int, highest: int) -> int:
    """Return a field that must be a whole number in a range."""
    value = body.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise invalid(f"{key} must be a whole number from {lowest} to {highest}.")
    return value


def text(body: dict[str, Json], key: str, *, longest: int) -> str:
    """Return a field that must be text of at least one character."""
    value = body.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise invalid(f"{key} must be text of 1 to {longest} characters.")
    return value


def mode(body: dict[str, Json]) -> Mode:
    """Return the mode a body names."""
    value = body.get("mode")
    if not isinstance(value, str) or value not in Mode:
        raise invalid(f"mode must be one of {', '.join(Mode)}.")
    return Mode(value)


def metadata(body: dict[str, Json]) -> dict[str, str | None]:
    """Return the name, description and UDFs a body sets; other fields are passed over."""
    changes: dict[str, str | None] = {}
    if "name" in body:
        changes["name"] = text(body, "name", longest=MAX_NAME)
    for key in _METADATA:
        if key not in body:
            continue
        value = body[key]
        if value is not None and (not isinstance(value, str) or len(value) > MAX_TEXT):
            raise invalid(f"{key} must be null or text of up to {MAX_TEXT} characters.")
        changes[key] = value
    if not changes:
        raise invalid("There is nothing to update.")
    return changes


def day(value: str, key: str) -> date:
    """Return a date that must be written as YYYY-MM-DD."""
    try:
        parsed = date.fromisoformat(value)
    except ValueError as error:
        raise invalid(f"{key} must be a date as YYYY-MM-DD.") from error
    if parsed.isoformat() != value:
        raise invalid(f"{key} must be a date as YYYY-MM-DD.")
    return parsed
