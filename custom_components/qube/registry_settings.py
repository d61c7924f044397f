"""What an owner chose for a meter registry, as its subentry holds it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Self, TypedDict

from homeassistant.const import UnitOfEnergy, UnitOfVolume

from .api import MeterType, PhyLogin

SUBENTRY_METER_REGISTRY: Final = "meter_registry"

MIN_PUBLISH_INTERVAL_MIN: Final = 15
MAX_PUBLISH_INTERVAL_MIN: Final = 1440
DEFAULT_PUBLISH_INTERVAL_MIN: Final = 60

# The registry sends no units: only where its owner says one, a reading is energy, gas or water.
UNITS: Final[Mapping[MeterType, tuple[str, ...]]] = {
    MeterType.ELECTRICITY: (UnitOfEnergy.KILO_WATT_HOUR, UnitOfEnergy.WATT_HOUR),
    MeterType.GAS: (UnitOfVolume.CUBIC_METERS, UnitOfVolume.CUBIC_FEET),
    MeterType.WATER: (UnitOfVolume.CUBIC_METERS, UnitOfVolume.LITERS),
}
UNIT_UNKNOWN: Final = "unknown"


class StoredCredentials(TypedDict, total=False):
    """Either a login or a token."""

    email: str
    password: str
    token: str


class RegistryData(TypedDict):
    """The data of the subentry; `units` are by meter type, without those that are not known."""

    url: str
    credentials: StoredCredentials
    account_id: str
    publishes: bool
    publish_interval_min: int
    units: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """The same as the runtime uses it; `publish_interval` is None where nothing is published."""

    url: str
    credentials: PhyLogin | str = field(repr=False)
    account_id: str
    publish_interval: timedelta | None
    units: Mapping[MeterType, str]

    @classmethod
    def from_data(cls, data: RegistryData) -> Self:
        """Return the settings of a subentry."""
        interval = timedelta(minutes=data["publish_interval_min"])
        return cls(
            url=data["url"],
            credentials=credentials_of(data["credentials"]),
            account_id=data["account_id"],
            publish_interval=interval if data["publishes"] else None,
            units={MeterType(each): unit for each, unit in data["units"].items()},
        )


def credentials_of(stored: StoredCredentials) -> PhyLogin | str:
    """Return what the client takes."""
    if "token" in stored:
        return stored["token"]
    return PhyLogin(email=stored["email"], password=stored["password"])
