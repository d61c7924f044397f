"""What can go wrong between here and Qube's cloud.

No error holds a header, a body or a request, so none can give away the API key.
"""

from collections.abc import Mapping


class QubeError(Exception):
    """Anything that kept a request from its answer."""


class QubeConnectionError(QubeError):
    """No answer came: no network, no server, or a server too slow."""


class QubeResponseError(QubeError):
    """An answer came that is not one of the API: a page, a redirect, a cut or oversized body."""


class QubeRateLimitError(QubeError):
    """The account has asked too often and must wait."""

    def __init__(self, retry_after: float) -> None:
        """Remember how long to wait, in seconds."""
        super().__init__(f"asked too often; wait {retry_after:.0f} s")
        self.retry_after = retry_after


class QubeApiError(QubeError):
    """The API itself refused, with one of its error codes."""

    def __init__(self, code: str, detail: str) -> None:
        """Remember the API's `error.code` and `error.detail`."""
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class QubeAuthenticationError(QubeApiError):
    """The API key is missing or wrong (`authentication_error`)."""


class QubeDeviceOfflineError(QubeApiError):
    """The meter is not online, so it cannot be read live or controlled (`device_offline`)."""


class PhyBadRequestError(QubeApiError):
    """PHY's registry cannot use the request: a field, an id or the organisation is wrong (400)."""


class PhyUnauthorizedError(QubeAuthenticationError):
    """PHY's registry refuses the login or the token (401)."""


class PhyForbiddenError(QubeApiError):
    """The meter belongs to another organisation of PHY's registry (403)."""


class FlatPeakQueryError(QubeError):
    """A question that FlatPeak would refuse, so it was not sent."""

    def __init__(self, key: str, placeholders: Mapping[str, str] | None = None) -> None:
        """Remember which rule it breaks, as the key of a text, and with which values."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders or {}
