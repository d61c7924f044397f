"""The small parts a meter is made of."""

from dataclasses import dataclass, field
from enum import StrEnum

from .grid import Source


class Mode(StrEnum):
    """The four operating modes."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"
    MEASUREMENT = "measurement"
    RELAY_OFF = "relay_off"


class MeterKind(StrEnum):
    """What is special about a meter."""

    ORDINARY = "ordinary"
    OFFLINE = "offline"
    NO_RELAY = "no_relay"
    THREE_PHASE = "three_phase"
    THREE_PHASE_L = "three_phase_l"
    NULLS = "nulls"


def empty_udfs() -> dict[str, str | None]:
    """Return the five user-defined fields, all empty."""
    return dict.fromkeys(("udf1", "udf2", "udf3", "udf4", "udf5"))


@dataclass(kw_only=True, slots=True)
class Wifi:
    """The network a meter is on; the signal in dBm."""

    ssid: str = "MeterNet"
    password: str = "meter-net-1234"
    rssi: int = -60
    type: str = "Primary"


@dataclass(kw_only=True)
class Label:
    """What a person may write on a meter, and what stays when the hardware is replaced."""

    name: str
    description: str | None = None
    udfs: dict[str, str | None] = field(default_factory=empty_udfs)


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterState:
    """Everything that moves by itself, all of one instant."""

    time_ms: int
    energy_wh: int
    balance_millipaise: int
    active_tariff: Source
    relay_closed: bool

    @property
    def balance(self) -> int:
        """Return the balance in whole paise, rounded down."""
        return self.balance_millipaise // 1000
