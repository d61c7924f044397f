"""What was entered for a site meter, as its subentry keeps it and as the runtime needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypedDict

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .api import Direction, FlatPeakClient, FlatPeakLogin

SUBENTRY_SITE_METER: Final = "site_meter"


class Unit(StrEnum):
    """What FlatPeak's values count, which only their owner can tell."""

    WH = "wh"
    KWH = "kwh"


class Flow(StrEnum):
    """A direction in the owner's words; the values end the ids of the statistics."""

    IMPORT = "import"
    EXPORT = "export"

    @property
    def direction(self) -> Direction:
        """Return it in FlatPeak's words."""
        return Direction.INBOUND if self is Flow.IMPORT else Direction.OUTBOUND


class StoredAccess(TypedDict):
    """How to get in: an account with its key, or a token; what is not used is None."""

    url: str
    account_id: str | None
    api_key: str | None
    token: str | None


class StoredSite(TypedDict):
    """What the records are of, and mean. The price is what a kWh costs at the main meter."""

    device_id: str
    space_id: int
    unit: str
    flows: list[str]
    price_millipaise_per_kwh: int | None


class SiteMeterData(StoredAccess, StoredSite):
    """The data of a subentry."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteTerms:
    """What the records of a site meter are of, and mean."""

    device_id: str
    space_id: int
    unit: Unit
    flows: tuple[Flow, ...]
    price_millipaise_per_kwh: int | None

    def energy_wh(self, value: Decimal) -> int:
        """Return a record's value in whole watt-hours, half a one to the even."""
        return round(value * 1000 if self.unit is Unit.KWH else value)


def site_terms_of(stored: Mapping[str, Any]) -> SiteTerms:
    """Return what the data of a subentry mean."""
    return SiteTerms(
        device_id=stored["device_id"],
        space_id=stored["space_id"],
        unit=Unit(stored["unit"]),
        flows=tuple(flow for flow in Flow if flow in stored["flows"]),
        price_millipaise_per_kwh=stored["price_millipaise_per_kwh"],
    )


def site_client(hass: HomeAssistant, access: Mapping[str, Any]) -> FlatPeakClient:
    """Return a client that gets in as it was entered."""
    token = access["token"]
    credentials: FlatPeakLogin | str = token or FlatPeakLogin(
        account_id=access["account_id"] or "", api_key=access["api_key"] or ""
    )
    return FlatPeakClient(async_get_clientsession(hass), credentials, access["url"])
