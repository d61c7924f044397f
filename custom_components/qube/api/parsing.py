"""Read single fields out of what a cloud sent, dropping what makes no sense.

Each function returns None where the field is missing, of another type, or out of its range.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal

from .errors import QubeResponseError

type Json = dict[str, Json] | list[Json] | str | float | int | bool | None

# Beyond these a number is a fault of the meter or of the cloud, not a reading.
MAX_ENERGY_KWH = 100_000_000
MAX_TARIFF_PAISE = 100_000
MAX_BALANCE_PAISE = 10**12
MAX_VALUE = 1e12


def object_of(data: Json, device_id: str | None = None) -> dict[str, Json]:
    """Return the object; raises QubeResponseError where it is none, or another device's."""
    if not isinstance(data, dict):
        raise QubeResponseError("the answer is not an object")
    answered_id = data.get("device_id")
    if device_id is not None and isinstance(answered_id, str) and answered_id != device_id:
        raise QubeResponseError("the answer is another device's")
    return data


def items(data: dict[str, Json], key: str) -> Iterator[Json]:
    """Iterate over a list; over nothing where there is none."""
    value = data.get(key)
    return iter(value) if isinstance(value, list) else iter(())


def exact_text(data: dict[str, Json], key: str) -> str | None:
    """Return a string with its blanks; an empty one is none."""
    value = data.get(key)
    return _storable(value) or None if isinstance(value, str) else None


def text(data: dict[str, Json], key: str) -> str | None:
    """Return a string without its outer blanks; an empty one is none."""
    return (exact_text(data, key) or "").strip() or None


def texts(data: dict[str, Json], key: str) -> tuple[str, ...]:
    """Return the strings of a list."""
    return tuple(_storable(item) for item in items(data, key) if isinstance(item, str))


def boolean(data: dict[str, Json], key: str) -> bool | None:
    """Return true or false."""
    value = data.get(key)
    return value if isinstance(value, bool) else None


def number(data: dict[str, Json], key: str, low: float, high: float) -> float | None:
    """Return a number from `low` to `high`; NaN is in no range."""
    value = data.get(key)
    # A bool is an int, and here it is a fault.
    if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
        return value
    return None


def integer(data: dict[str, Json], key: str) -> int | None:
    """Return a whole number, also where it was sent as 5.0."""
    value = number(data, key, -MAX_VALUE, MAX_VALUE)
    return int(value) if value is not None and value == int(value) else None


def energy_wh(data: dict[str, Json], key: str) -> int | None:
    """Return a register sent in kWh as whole watt-hours."""
    energy_kwh = number(data, key, 0, MAX_ENERGY_KWH)
    return None if energy_kwh is None else kwh_to_wh(Decimal(repr(energy_kwh)))


def kwh_to_wh(energy_kwh: Decimal) -> int:
    """Return whole watt-hours, rounded down: a register never runs ahead of itself."""
    return int((energy_kwh * 1000).to_integral_value(ROUND_DOWN))


def balance_paise(data: dict[str, Json], key: str) -> int | None:
    """Return a balance as whole paise; it may be negative."""
    value = number(data, key, -MAX_BALANCE_PAISE, MAX_BALANCE_PAISE)
    if value is None:
        return None
    return int(Decimal(repr(value)).to_integral_value(ROUND_HALF_EVEN))


def tariff_paise(data: dict[str, Json], key: str) -> int | None:
    """Return a tariff in whole paise per kWh."""
    value = integer(data, key)
    return value if value is not None and 0 <= value <= MAX_TARIFF_PAISE else None


def timestamp(data: dict[str, Json], key: str) -> datetime | None:
    """Return a time with an offset; without one the instant would be a guess."""
    try:
        value = datetime.fromisoformat(text(data, key) or "")
    except ValueError:
        return None
    return value if value.tzinfo is not None else None


def _storable(value: str) -> str:
    """Return a string without lone surrogates: JSON can send them, no URL or file can hold them."""
    return value.encode(errors="ignore").decode()
