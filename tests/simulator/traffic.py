"""Which requests there are, and a count of those that came."""

from collections import Counter, deque
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

_LOG_LENGTH: Final = 20_000


class Endpoint(StrEnum):
    """The endpoints of the vendor page."""

    SPACES = "spaces"
    SPACE = "space"
    SPACE_UPDATE = "space_update"
    DEVICE = "device"
    DEVICE_UPDATE = "device_update"
    METRICS = "metrics"
    RELAY = "relay"
    MODE = "mode"
    TARIFF_EB = "tariff_eb"
    TARIFF_DG = "tariff_dg"
    TARIFF_ACTIVE = "tariff_active"
    HISTORY = "history"
    WIFI = "wifi"
    WIFI_UPDATE = "wifi_update"
    GATEWAY = "gateway"


READS: Final = frozenset(
    {
        Endpoint.SPACES,
        Endpoint.SPACE,
        Endpoint.DEVICE,
        Endpoint.METRICS,
        Endpoint.HISTORY,
        Endpoint.WIFI,
    }
)


class Requests(Counter[Endpoint]):
    """How often each endpoint was asked, in which order, and how many were under way at once."""

    def __init__(self, counts: Mapping[Endpoint, int] | None = None) -> None:
        """Begin at nothing, or, for a copy, at other counts."""
        super().__init__(counts or {})
        self.log: deque[tuple[Endpoint, str | None]] = deque(maxlen=_LOG_LENGTH)
        self.at_once = 0
        self.max_at_once = 0

    def reset(self) -> None:
        """Forget all but what is under way."""
        self.clear()
        self.log.clear()
        self.max_at_once = self.at_once

    def begin(self, endpoint: Endpoint, device_id: str | None) -> None:
        """Count one request as under way."""
        self[endpoint] += 1
        self.log.append((endpoint, device_id))
        self.at_once += 1
        self.max_at_once = max(self.max_at_once, self.at_once)

    def end(self) -> None:
        """Count one request as answered or dropped."""
        self.at_once -= 1
