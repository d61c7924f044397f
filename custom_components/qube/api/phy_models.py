"""What PHY's meter registry sends, as typed and frozen models (the vendor calls it Meters API).

Parsing is tolerant as everywhere: a field that makes no sense becomes None. A meter without a
usable id is none at all.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from .parsing import MAX_VALUE, Json, integer, number, text, timestamp


class MeterType(StrEnum):
    """What a meter of the registry measures (`meter_type`)."""

    ELECTRICITY = "ELECTRICITY"
    GAS = "GAS"
    WATER = "WATER"
    SOLAR = "SOLAR"
    GENSET = "GENSET"
    HVAC = "HVAC"
    EV = "EV"
    CARBON = "CARBON"


class Communication(StrEnum):
    """How a meter of the registry is read (`communication_type`)."""

    NONE = "NONE"
    LORAWAN = "LORAWAN"
    MODBUS = "MODBUS"
    MQTT = "MQTT"
    HTTP = "HTTP"
    DLMS = "DLMS"
    VIRTUAL = "VIRTUAL"


class BillingDirection(StrEnum):
    """For whom a meter counts: ACCREC invoices tenants, ACCPAY is what the utility charges."""

    ACCREC = "ACCREC"
    ACCPAY = "ACCPAY"


class SortOrder(StrEnum):
    """The direction of a list (`sortOrder`)."""

    ASCENDING = "asc"
    DESCENDING = "desc"


@dataclass(frozen=True, kw_only=True, slots=True)
class Organization:
    """One of the organisations that a login sees; its id is the `account_id` of all requests."""

    account_id: str
    name: str

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse one row of GET /auth/organizations; None where it has no usable id.

        The page names no fields: the id is looked for where the vendor's other pages have it.
        """
        if not isinstance(data, dict):
            return None
        account_id = text(data, "account_id") or text(data, "id")
        if account_id is None:
            return None
        return cls(account_id=account_id, name=text(data, "name") or account_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryMeter:
    """A meter of the registry. `last_reading_value` has no unit that anybody documents."""

    meter_id: int
    name: str
    serial_number: str | None
    meter_type: MeterType | None
    communication_type: Communication | None
    description: str | None
    location: str | None
    billing_direction: BillingDirection | None
    reading_interval_s: int | None
    building_block_id: int | None
    gateway_id: int | None
    tariff_id: int | None
    last_reading_value: float | None
    last_reading_at: datetime | None

    @classmethod
    def from_json(cls, data: Json) -> Self | None:
        """Parse a meter; None where it has no usable id."""
        if not isinstance(data, dict) or (meter_id := integer(data, "id")) is None:
            return None
        serial_number = text(data, "serial_number")
        return cls(
            meter_id=meter_id,
            name=text(data, "name") or serial_number or f"Meter {meter_id}",
            serial_number=serial_number,
            meter_type=_choice(MeterType, data, "meter_type"),
            communication_type=_choice(Communication, data, "communication_type"),
            description=text(data, "description"),
            location=text(data, "location"),
            billing_direction=_choice(BillingDirection, data, "billing_direction"),
            reading_interval_s=integer(data, "reading_interval"),
            building_block_id=integer(data, "building_block_id"),
            gateway_id=integer(data, "gateway_id"),
            tariff_id=integer(data, "tariff_id"),
            last_reading_value=number(data, "last_reading_value", -MAX_VALUE, MAX_VALUE),
            last_reading_at=timestamp(data, "last_reading_at"),
        )

    def as_json(self) -> dict[str, Json]:
        """Return the meter under the registry's own names."""
        read_at = self.last_reading_at
        return {
            "id": self.meter_id,
            "name": self.name,
            "serial_number": self.serial_number,
            "meter_type": self.meter_type,
            "communication_type": self.communication_type,
            "description": self.description,
            "location": self.location,
            "billing_direction": self.billing_direction,
            "reading_interval": self.reading_interval_s,
            "building_block_id": self.building_block_id,
            "gateway_id": self.gateway_id,
            "tariff_id": self.tariff_id,
            "last_reading_value": self.last_reading_value,
            "last_reading_at": read_at.isoformat() if read_at else None,
        }


def _choice[E: StrEnum](kind: type[E], data: dict[str, Json], key: str) -> E | None:
    value = (text(data, key) or "").upper()
    return kind(value) if value in kind else None
