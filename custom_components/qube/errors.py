"""Errors of the client and of billing, in words for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed

from .api import (
    FlatPeakQueryError,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
)
from .billing.errors import BillingError, LedgerError
from .const import DOMAIN

# Records are read each hour; after a failure nobody should wait so long.
SITE_RETRY_S: Final = 300


def update_failed(error: QubeError) -> UpdateFailed:
    """Return the error as coordinators understand it, with the wait that the cloud asked for."""
    key, placeholders = translation_of(error)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders=placeholders,
        retry_after=error.retry_after if isinstance(error, QubeRateLimitError) else None,
    )


def command_failed(error: QubeError, meter: str) -> HomeAssistantError:
    """Return the error as the person who gave the command understands it."""
    key, placeholders = translation_of(error)
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=f"command_{key}",
        translation_placeholders={**placeholders, "meter": meter},
    )


def site_update_failed(error: QubeError) -> UpdateFailed:
    """Return an error of FlatPeak as coordinators understand it, with the time until they retry."""
    key, placeholders = translation_of(error)
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=f"site_{key}",
        translation_placeholders=placeholders,
        retry_after=error.retry_after if isinstance(error, QubeRateLimitError) else SITE_RETRY_S,
    )


@contextmanager
def site_errors_for_people() -> Iterator[None]:
    """Raise FlatPeak's errors as the person who called an action understands them.

    What a person can enter differently is a ServiceValidationError.
    """
    try:
        yield
    except FlatPeakQueryError as err:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=dict(err.placeholders),
        ) from err
    except QubeError as err:
        key, placeholders = translation_of(err)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"site_{key}",
            translation_placeholders=placeholders,
        ) from err


@contextmanager
def errors_for_people(hass: HomeAssistant, entry: ConfigEntry) -> Iterator[None]:
    """Raise the client's errors as the person who called an action understands them.

    A key that the cloud refuses is asked for again.
    """
    try:
        yield
    except QubeError as err:
        if isinstance(err, QubeAuthenticationError):
            entry.async_start_reauth(hass)
        key, placeholders = translation_of(err)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=placeholders,
        ) from err


@contextmanager
def billing_errors_for_people() -> Iterator[None]:
    """Raise billing's errors as the person who called an action understands them.

    What a person can enter differently is a ServiceValidationError, which is not logged; a sick
    ledger is none.
    """
    try:
        yield
    except BillingError as err:
        raised = HomeAssistantError if isinstance(err, LedgerError) else ServiceValidationError
        raise raised(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=dict(err.placeholders),
        ) from err


def translation_of(error: QubeError) -> tuple[str, dict[str, str]]:
    """Return the key of an error's text, and its placeholders."""
    match error:
        case QubeAuthenticationError():
            return "key_rejected", {}
        case QubeDeviceOfflineError():
            return "meter_offline", {}
        case QubeRateLimitError(retry_after=retry_after):
            return "rate_limited", {"seconds": f"{retry_after:.0f}"}
        case QubeApiError(code=code, detail=detail):
            return "refused", {"reason": detail or code}
        case QubeConnectionError():
            return "cannot_connect", {"reason": str(error)}
        case _:
            return "not_qube_api", {"reason": str(error)}
