"""Fields that the actions of a tenancy share: amounts, as text or as a number, and days."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from .billing.errors import InvalidAmountError
from .const import DOMAIN

# What it is worth is `billing.money`'s to say.
AMOUNT: Final = cv.string


@contextmanager
def amount_in(field: str) -> Iterator[None]:
    """Let an error about an amount tell in which field it is."""
    try:
        yield
    except InvalidAmountError as err:
        raise InvalidAmountError(err.key, {**err.placeholders, "field": field}) from None


def check_day(day: date, first: date, last: date) -> None:
    """Raise ServiceValidationError where a day is so far away that it has to be a slip."""
    if not first <= day <= last:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="day_not_plausible",
            translation_placeholders={"date": str(day), "first": str(first), "last": str(last)},
        )
