"""Errors of a meter registry, in words for people; the account's own are in `errors.py`."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    PhyBadRequestError,
    PhyFieldError,
    PhyForbiddenError,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeError,
    QubeRateLimitError,
)
from .const import DOMAIN


def registry_update_failed(error: QubeError) -> UpdateFailed:
    """Return the error as coordinators understand it, with the wait that the registry asked for."""
    key, placeholders = registry_translation_of(error)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
        retry_after=error.retry_after if isinstance(error, QubeRateLimitError) else None,
    )


@contextmanager
def registry_errors_for_people() -> Iterator[None]:
    """Raise a registry's errors as the person who called an action understands them."""
    try:
        yield
    except PhyFieldError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders={"field": err.field, "wanted": err.wanted},
        ) from err
    except QubeError as err:
        key, placeholders = registry_translation_of(err)
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders
        ) from err


def registry_translation_of(error: QubeError) -> tuple[str, dict[str, str]]:
    """Return the key of an error's text, and its placeholders."""
    placeholders: dict[str, str] = {}
    match error:
        case QubeAuthenticationError():
            key = "registry_login_rejected"
        case PhyForbiddenError():
            key = "registry_forbidden"
        case PhyBadRequestError(code=code, detail=detail):
            key, placeholders = "registry_bad_request", {"reason": detail or code}
        case QubeRateLimitError(retry_after=retry_after):
            key, placeholders = "registry_rate_limited", {"seconds": f"{retry_after:.0f}"}
        case QubeApiError(code=code, detail=detail):
            key, placeholders = "registry_refused", {"reason": detail or code}
        case QubeConnectionError():
            key, placeholders = "registry_cannot_connect", {"reason": str(error)}
        case _:
            key, placeholders = "registry_no_answer", {"reason": str(error)}
    return key, placeholders
