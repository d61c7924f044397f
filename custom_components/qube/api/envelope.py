"""Qube's envelope around all answers: `success`, `data`, `error`."""

from collections.abc import Iterable
from http import HTTPStatus

from .errors import (
    QubeApiError,
    QubeAuthenticationError,
    QubeDeviceOfflineError,
    QubeResponseError,
)
from .parsing import Json
from .transport import Answer


def data_of(answer: Answer, secrets: Iterable[str | None]) -> Json:
    """Return the `data` of an answer; only `success` is relied on, at any status.

    No error shows one of the secrets, which a server may echo. Raises QubeApiError where the API
    refuses and QubeResponseError where the answer is not the API's.
    """
    status, envelope = answer.status, answer.content
    if not isinstance(envelope, dict) or not isinstance(envelope.get("success"), bool):
        raise QubeResponseError(f"HTTP {status} without Qube's envelope")
    if not envelope["success"]:
        raise _refusal(status, envelope.get("error"), secrets)
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        raise QubeResponseError(f"HTTP {status} that claims success")
    return envelope.get("data")


def _refusal(
    status: int, error: Json, secrets: Iterable[str | None]
) -> QubeApiError | QubeResponseError:
    fields = error if isinstance(error, dict) else {}
    code, detail = fields.get("code"), fields.get("detail")
    if status == HTTPStatus.UNAUTHORIZED or code == "authentication_error":
        return QubeAuthenticationError("authentication_error", "the API key was refused")
    if not isinstance(code, str) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return QubeResponseError(f"HTTP {status} without a usable error code")
    kind = QubeDeviceOfflineError if code == "device_offline" else QubeApiError
    detail = detail if isinstance(detail, str) else ""
    return kind(shown(code, secrets, 50), shown(detail, secrets, 200))


def shown(text: str, secrets: Iterable[str | None], length: int) -> str:
    """Return a server's words as an error may show them: without secrets, and not too long."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    # Cut after the secrets are out, or half of one could stay.
    return text[:length]
