"""What happens in a tenancy, as event entities and automations hear of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class TenancyEventKind(StrEnum):
    """What has happened; the values are the event types that people see."""

    PAYMENT = "payment"
    CHARGE = "charge"
    WARNING = "warning"
    CUT = "cut"
    RESTORED = "restored"
    BILL_ISSUED = "bill_issued"
    OVERDUE = "overdue"
    RATES_CHANGED = "rates_changed"


type EventValue = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyEvent:
    """One event; amounts among the attributes are in ₹, energy is in kWh, no name is among them."""

    kind: TenancyEventKind
    attributes: Mapping[str, EventValue]


type TenancyEventListener = Callable[[TenancyEvent], None]
