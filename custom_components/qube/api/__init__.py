"""Typed client of Qube's cloud; it knows nothing of Home Assistant."""

from .errors import (
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from .history import ENERGY, HistoryReading
from .models import (
    UDF_COUNT,
    Device,
    DeviceSummary,
    Interval,
    Metadata,
    Metrics,
    Mode,
    PropertyReading,
    Source,
    Space,
    Wifi,
)
from .qube import DEFAULT_URL, QubeClient

__all__ = [
    "DEFAULT_URL",
    "ENERGY",
    "UDF_COUNT",
    "Device",
    "DeviceSummary",
    "HistoryReading",
    "Interval",
    "Metadata",
    "Metrics",
    "Mode",
    "PropertyReading",
    "QubeApiError",
    "QubeAuthenticationError",
    "QubeClient",
    "QubeConnectionError",
    "QubeDeviceOfflineError",
    "QubeError",
    "QubeRateLimitError",
    "QubeResponseError",
    "Source",
    "Space",
    "Wifi",
]
