"""What Qube's cloud sends, as typed and frozen models.

Parsing is tolerant: a field that is missing or makes no sense becomes None, and the rest is used.
Zero is a value. Energy is whole watt-hours and money whole paise.
"""

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Self

from .parsing import (
    MAX_VALUE,
    Json,
    balance_paise,
    boolean,
    energy_wh,
    exact_text,
    integer,
    items,
    number,
    object_of,
    tariff_paise,
    text,
    texts,
)

UDF_COUNT = 5

# Beyond these a number is a fault of the meter or of the cloud, not a reading.
MAX_POWER_W = 10_000_000
MAX_VOLTAGE_V = 1_000_000


class Mode(StrEnum):
    """How a meter treats its balance and its relay; the values are what a PUT sends."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"
    MEASUREMENT = "measurement"
    RELAY_OFF = "relay_off"


class Source(IntEnum):
    """Where the power comes from; the values are Qube's `active_tariff`."""

    EB = 1
    DG = 2


class Interval(StrEnum):
    """The spacings in which history can be had."""

    QUARTER_HOUR = "15m"
    HALF_HOUR = "30m"
    HOUR = "60m"
    DAY = "1d"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What the owner may write about a space or a meter; PUT always sends the whole set."""

    name: str
    description: str | None = None
    udfs: tuple[str | None, ...] = (None,) * UDF_COUNT

    def as_json(self) -> dict[str, Json]:
        """Return the body that a PUT takes."""
        udfs = {f"udf{position}": udf for position, udf in enumerate(self.udfs, 1)}
        return {"name": self.name, "description": self.description, **udfs}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceSummary:
    """A device as the list of spaces shows it."""

    device_id: str
    name: str
    active_mode: Mode | None
    udfs: tuple[str | None, ...]

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse one item of a space's `devices`; None where it has no usable id."""
        if not isinstance(data, dict) or (device_id := text(data, "device_id")) is None:
            return None
        return cls(
            device_id=device_id,
            name=text(data, "name") or device_id,
            active_mode=_mode(data, "active_mode"),
            udfs=_udfs(data),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """A property, with its devices (GET /spaces/ and /spaces/{space_id}/)."""

    space_id: int
    name: str
    description: str | None
    tags: tuple[str, ...]
    udfs: tuple[str | None, ...]
    devices: tuple[DeviceSummary, ...]
    is_complete: bool = True

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse a space; None where it has no usable id."""
        if not isinstance(data, dict) or (space_id := integer(data, "space_id")) is None:
            return None
        devices = [DeviceSummary.from_json(item) for item in items(data, "devices")]
        return cls(
            space_id=space_id,
            name=text(data, "name") or f"Space {space_id}",
            description=text(data, "description"),
            tags=texts(data, "tags"),
            udfs=_udfs(data),
            devices=tuple(device for device in devices if device is not None),
            is_complete=isinstance(data.get("devices"), list) and None not in devices,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PropertyReading:
    """One value of a device's `readings`, in the unit that came with it."""

    property_id: str
    context_type: str | None
    value: float
    unit: str | None

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse one item of `readings`; None where it has no property or no usable value."""
        if not isinstance(data, dict):
            return None
        property_id = text(data, "property_id")
        value = number(data, "value", -MAX_VALUE, MAX_VALUE)
        if property_id is None or value is None:
            return None
        return cls(
            property_id=property_id,
            context_type=text(data, "context_type"),
            value=value,
            unit=text(data, "unit"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """A device in full (GET /devices/{device_id}/); `balance_paise` may be negative."""

    device_id: str
    name: str
    description: str | None
    space_id: int | None
    active_mode: Mode | None
    balance_paise: int | None
    has_relay: bool | None
    is_online: bool | None
    readings: tuple[PropertyReading, ...]
    tags: tuple[str, ...]
    udfs: tuple[str | None, ...]

    @classmethod
    def from_json(cls, data: Json, device_id: str) -> Self:
        """Parse the details of the device that was asked for.

        Raises QubeResponseError where they are not an object, or another device's.
        """
        content = object_of(data, device_id)
        space = content.get("space")
        readings = (PropertyReading.from_json(item) for item in items(content, "readings"))
        return cls(
            device_id=device_id,
            name=text(content, "name") or device_id,
            description=text(content, "description"),
            space_id=integer(space, "id") if isinstance(space, dict) else None,
            active_mode=_mode(content, "active_mode"),
            balance_paise=balance_paise(content, "balance"),
            has_relay=boolean(content, "has_relay"),
            is_online=boolean(content, "is_online"),
            readings=tuple(reading for reading in readings if reading is not None),
            tags=texts(content, "tags"),
            udfs=_udfs(content),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """A device's live values (GET /devices/{device_id}/metrics); tariffs are paise per kWh."""

    energy_wh: int | None
    power_w: float | None
    voltage_v: float | None
    balance_paise: int | None
    eb_tariff_paise: int | None
    dg_tariff_paise: int | None
    source: Source | None
    mode: Mode | None
    relay_closed: bool | None
    gateway_enabled: bool | None

    @property
    def tariff_paise(self) -> int | None:
        """Return the tariff of the source in use, in paise per kWh."""
        return None if self.source is None else self.tariff_of(self.source)

    def tariff_of(self, source: Source) -> int | None:
        """Return the tariff of a source, in paise per kWh."""
        return self.eb_tariff_paise if source is Source.EB else self.dg_tariff_paise

    def with_tariff(self, source: Source, tariff_paise: int) -> Self:
        """Return the same values with another tariff of a source, in paise per kWh."""
        if source is Source.EB:
            return replace(self, eb_tariff_paise=tariff_paise)
        return replace(self, dg_tariff_paise=tariff_paise)

    @classmethod
    def from_json(cls, data: Json, device_id: str) -> Self:
        """Parse the metrics of the device that was asked for.

        Raises QubeResponseError where they are not an object, or another device's.
        """
        content = object_of(data, device_id)
        return cls(
            energy_wh=energy_wh(content, "energy"),
            power_w=number(content, "active_power", 0, MAX_POWER_W),
            voltage_v=number(content, "voltage", 0, MAX_VOLTAGE_V),
            balance_paise=balance_paise(content, "balance"),
            eb_tariff_paise=tariff_paise(content, "eb_tariff"),
            dg_tariff_paise=tariff_paise(content, "dg_tariff"),
            source=_source(content, "active_tariff"),
            mode=_mode(content, "mode"),
            relay_closed=boolean(content, "relay_state"),
            gateway_enabled=boolean(content, "pg_enabled"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Wifi:
    """A device's Wi-Fi settings; the password is in no repr."""

    ssid: str | None
    password: str | None = field(repr=False)
    rssi_dbm: int | None
    type: str | None

    @classmethod
    def from_json(cls, data: Json) -> Self:
        """Parse the settings; raises QubeResponseError where they are not an object."""
        content = object_of(data)
        return cls(
            ssid=exact_text(content, "ssid"),
            password=exact_text(content, "password"),
            rssi_dbm=integer(content, "rssi"),
            type=text(content, "type"),
        )


def _source(data: dict[str, Json], key: str) -> Source | None:
    value = integer(data, key)
    return Source(value) if value is not None and value in Source else None


def _mode(data: dict[str, Json], key: str) -> Mode | None:
    value = (text(data, key) or "").lower()
    return Mode(value) if value in Mode else None


def _udfs(data: dict[str, Json]) -> tuple[str | None, ...]:
    return tuple(text(data, f"udf{position}") for position in range(1, UDF_COUNT + 1))
