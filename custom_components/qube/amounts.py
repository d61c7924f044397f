"""Amounts in the fields of an action, as text or as a number."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from homeassistant.helpers import config_validation as cv

from .billing.errors import InvalidAmountError

# What it is worth is `billing.money`'s to say.
AMOUNT: Final = cv.string


@contextmanager
def amount_in(field: str) -> Iterator[None]:
    """Let an error about an amount tell in which field it is."""
    try:
        yield
    except InvalidAmountError as err:
        raise InvalidAmountError(err.key, {**err.placeholders, "field": field}) from None
