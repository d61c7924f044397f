"""Typed clients of Qube's cloud and of FlatPeak's; they know nothing of Home Assistant."""

from .errors import (
    FlatPeakQueryError,
    QubeApiError,
    QubeAuthenticationError,
    QubeConnectionError,
    QubeDeviceOfflineError,
    QubeError,
    QubeRateLimitError,
    QubeResponseError,
)
from .flatpeak import DEFAULT_FLATPEAK_URL, FlatPeakClient, FlatPeakLogin
from .flatpeak_models import (
    Direction,
    Grouping,
    MeterRecord,
    Order,
    RecordPage,
    RecordQuery,
    SiteDevice,
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
    "DEFAULT_FLATPEAK_URL",
    "DEFAULT_URL",
    "ENERGY",
    "UDF_COUNT",
    "Device",
    "DeviceSummary",
    "Direction",
    "FlatPeakClient",
    "FlatPeakLogin",
    "FlatPeakQueryError",
    "Grouping",
    "HistoryReading",
    "Interval",
    "Metadata",
    "MeterRecord",
    "Metrics",
    "Mode",
    "Order",
    "PropertyReading",
    "QubeApiError",
    "QubeAuthenticationError",
    "QubeClient",
    "QubeConnectionError",
    "QubeDeviceOfflineError",
    "QubeError",
    "QubeRateLimitError",
    "QubeResponseError",
    "RecordPage",
    "RecordQuery",
    "SiteDevice",
    "Source",
    "Space",
    "Wifi",
]
