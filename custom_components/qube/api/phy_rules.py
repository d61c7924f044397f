"""What may be written into PHY's meter registry: each field's rule, checked before sending.

The fields and their rules are those of the Meters API's page; a field that it does not name for a
request is refused, not left to the service.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
import math
from typing import Final
from uuid import UUID

from .parsing import Json
from .phy_models import BillingDirection, Communication, MeterType

type Rule = Callable[[object], Json]
type Fields = Mapping[str, object]


class PhyFieldError(ValueError):
    """A field that the registry would not take, found before anything was sent."""

    def __init__(self, key: str, field: str, wanted: str = "") -> None:
        """Remember the key of the text that says what is wrong, the field, and what it may hold."""
        super().__init__(f"{key}: {field}")
        self.key = key
        self.field = field
        self.wanted = wanted


def _text(value: object) -> str:
    if not isinstance(value, str) or not (stripped := value.strip()):
        raise ValueError("text that is not empty")
    return stripped


def _free_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    raise ValueError("text")


def _whole(value: object) -> int:
    # Forms of Home Assistant give 5.0 for 5; the registry wants 5.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("a whole number")


def _reference(value: object) -> int | None:
    return None if value is None else _whole(value)


def _seconds(value: object) -> int:
    if (seconds := _whole(value)) < 1:
        raise ValueError("a whole number of seconds, 1 at least")
    return seconds


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("a number")
    return value


def _time(value: object) -> str:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError("a time with its offset, such as 2026-10-25T18:00:00+05:30")
    return at.isoformat()


def _one_of(kind: type[StrEnum], *, or_none: bool = False) -> Rule:
    def rule(value: object) -> str | None:
        if value is None and or_none:
            return None
        if not isinstance(value, str) or value not in kind:
            raise ValueError(", ".join(kind))
        return kind(value).value

    return rule


REQUIRED: Final[Mapping[str, Rule]] = {
    "name": _text,
    "serial_number": _text,
    "meter_type": _one_of(MeterType),
    "communication_type": _one_of(Communication),
}
_OF_BOTH: Final[Mapping[str, Rule]] = {
    "building_block_id": _reference,
    "gateway_id": _reference,
    "tariff_id": _reference,
    "last_reading_value": _number,
    "last_reading_at": _time,
    "location": _free_text,
    "billing_direction": _one_of(BillingDirection, or_none=True),
}
CREATABLE: Final[Mapping[str, Rule]] = {**REQUIRED, **_OF_BOTH}
MUTABLE: Final[Mapping[str, Rule]] = {
    "name": _text,
    "description": _free_text,
    "reading_interval": _seconds,
    **_OF_BOTH,
}
IMMUTABLE: Final = frozenset({"serial_number", "meter_type", "communication_type"})


def new_meter(fields: Fields) -> dict[str, Json]:
    """Return the fields of a POST /meters as they are sent; raises PhyFieldError."""
    for field in REQUIRED:
        if fields.get(field) is None:
            raise PhyFieldError("registry_field_missing", field)
    return {field: _checked(CREATABLE, field, value) for field, value in fields.items()}


def changes(fields: Fields) -> dict[str, Json]:
    """Return the fields of a PUT /meters/:id as they are sent; raises PhyFieldError.

    An immutable field is refused here, whatever it holds.
    """
    for field in fields:
        if field in IMMUTABLE:
            raise PhyFieldError("registry_field_immutable", field)
    return {field: _checked(MUTABLE, field, value) for field, value in fields.items()}


def account_id_of(value: str) -> str:
    """Return an organisation's id as the registry writes it; raises ValueError where it is none."""
    return str(UUID(value.strip()))


def _checked(rules: Mapping[str, Rule], field: str, value: object) -> Json:
    if (rule := rules.get(field)) is None:
        raise PhyFieldError("registry_field_unknown", field)
    try:
        return rule(value)
    except ValueError as err:
        raise PhyFieldError("registry_field_invalid", field, str(err)) from err
