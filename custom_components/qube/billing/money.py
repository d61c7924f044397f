"""Exact units: watt-hours, millipaise per kWh, micropaise; how they are read and shown.

Wh times millipaise per kWh is a whole number of micropaise. ₹1 is 100 paise, a paisa a thousand
millipaise and a million micropaise.
"""

from decimal import Context, Decimal, Inexact
import re
from typing import Final

from .errors import InvalidAmountError

MICROPAISE_PER_PAISA: Final = 1_000_000
MILLIPAISE_PER_PAISA: Final = 1_000
PAISE_PER_RUPEE: Final = 100
MILLIPAISE_PER_RUPEE: Final = MILLIPAISE_PER_PAISA * PAISE_PER_RUPEE
MICROPAISE_PER_RUPEE: Final = MICROPAISE_PER_PAISA * PAISE_PER_RUPEE
BASIS_POINTS_PER_PERCENT: Final = 100
BASIS_POINTS: Final = 10_000

# One crore: no payment for a room is larger, and sums of thousands stay far from 64 bits.
MAX_AMOUNT_PAISE: Final = 10_000_000 * PAISE_PER_RUPEE
MAX_RATE_MILLIPAISE: Final = 1_000 * MILLIPAISE_PER_RUPEE
MAX_TAX_BASIS_POINTS: Final = 100 * BASIS_POINTS_PER_PERCENT

# Longer texts are no amounts, and cost time to read.
_MAX_LENGTH: Final = 32
# A sign, ₹, digits with commas where India or the rest of the world sets them, or with none, and
# decimals. Nothing that a careful clerk would ask about: no exponent, no comma out of place, no
# point without digits on both sides, no digits but 0 to 9.
_WRITTEN: Final = re.compile(
    r"([+-]?)₹?\s*([0-9]+|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}|[0-9]{1,3}(?:,[0-9]{3})+)(\.[0-9]+)?"
)
# Rather an error than a digit lost.
_EXACT: Final = Context(prec=28, traps=[Inexact])


def paise_of(amount: str | float | Decimal, *, lowest_paise: int = 0) -> int:
    """Return an amount in ₹, as a person writes it, in paise; decimals that are zeros do no harm.

    Raises InvalidAmountError where it is no number, has more than two decimals, is below the
    lowest one or above a crore.
    """
    return _scaled(amount, PAISE_PER_RUPEE, lowest_paise, MAX_AMOUNT_PAISE)


def millipaise_of(rate: str | float | Decimal) -> int:
    """Return a rate in ₹ per kWh in millipaise per kWh.

    Raises InvalidAmountError where it is no number, has more than five decimals, is negative or
    above ₹1,000.
    """
    return _scaled(rate, MILLIPAISE_PER_RUPEE, 0, MAX_RATE_MILLIPAISE)


def basis_points_of(percentage: str | float | Decimal) -> int:
    """Return a tax in % in hundredths of a percent.

    Raises InvalidAmountError where it is no number, has more than two decimals, is negative or
    above 100 %.
    """
    return _scaled(percentage, BASIS_POINTS_PER_PERCENT, 0, MAX_TAX_BASIS_POINTS)


def energy_tax_micropaise(energy_wh: int, millipaise_per_kwh: int, tax_basis_points: int) -> int:
    """Return the tax on energy; exact, because rates are made so (`Rates`)."""
    return energy_wh * (millipaise_per_kwh * tax_basis_points // BASIS_POINTS)


def to_paise(amount_micropaise: int) -> int:
    """Return an amount in whole paise, half a paisa rounded up (away from zero)."""
    return divided_half_up(amount_micropaise, MICROPAISE_PER_PAISA)


def divided_half_up(amount: int, divisor: int) -> int:
    """Return a quotient by a positive number, halves rounded away from zero."""
    quotient, rest = divmod(abs(amount), divisor)
    quotient += 2 * rest >= divisor
    return quotient if amount >= 0 else -quotient


def rupees_of_paise(amount_paise: int) -> Decimal:
    """Return whole paise in ₹, with two decimals."""
    return Decimal(amount_paise).scaleb(-2)


def rupees_of(amount_micropaise: int) -> Decimal:
    """Return an amount in ₹, rounded half up to a paisa, as people see it."""
    return rupees_of_paise(to_paise(amount_micropaise))


def rupees_exactly(amount_micropaise: int) -> Decimal:
    """Return an amount in ₹, not rounded: with two decimals, or with all eight."""
    rupees = Decimal(amount_micropaise).scaleb(-8)
    return rupees_of(amount_micropaise) if amount_micropaise % MICROPAISE_PER_PAISA == 0 else rupees


def rate_in_rupees(rate_millipaise: int) -> Decimal:
    """Return a rate in millipaise per kWh in ₹ per kWh, with at least two decimals."""
    rate = Decimal(rate_millipaise).scaleb(-5)
    return rate.quantize(Decimal("0.01")) if rate_millipaise % MILLIPAISE_PER_PAISA == 0 else rate


def indian(amount: Decimal) -> str:
    """Return an amount in ₹ with Indian digit grouping, such as ₹12,34,567.89."""
    sign = "-" if amount < 0 else ""
    whole, _, decimals = f"{abs(amount):f}".partition(".")
    groups = [whole[-3:]]
    rest = whole[:-3]
    while rest:
        groups.insert(0, rest[-2:])
        rest = rest[:-2]
    return f"{sign}₹{','.join(groups)}{'.' if decimals else ''}{decimals}"


def _scaled(amount: str | float | Decimal, scale: int, lowest: int, highest: int) -> int:
    value = _number(amount)
    if value > Decimal(highest) / scale:
        limit = indian(Decimal(highest) / scale)
        raise InvalidAmountError("amount_too_large", {"limit": limit})
    if value < Decimal(lowest) / scale:
        limit = indian(Decimal(lowest) / scale)
        raise InvalidAmountError("amount_too_small", {"limit": limit})
    try:
        return int(_EXACT.to_integral_exact(_EXACT.multiply(value, Decimal(scale))))
    except Inexact:
        decimals = str(len(str(scale)) - 1)
        raise InvalidAmountError("amount_too_many_decimals", {"decimals": decimals}) from None


def _number(amount: str | float | Decimal) -> Decimal:
    """Return a finite number as it is written: 76.70 given as a float is 76.7, no digit more."""
    if isinstance(amount, str):
        written = _WRITTEN.fullmatch(amount.strip()) if len(amount) <= _MAX_LENGTH else None
        text = "".join(part or "" for part in written.groups()) if written else "NaN"
        value = Decimal(text.replace(",", ""))
    else:
        value = Decimal(str(amount)) if isinstance(amount, float) else Decimal(amount)
    if not value.is_finite() or isinstance(amount, bool):
        raise InvalidAmountError("amount_not_a_number")
    return value
