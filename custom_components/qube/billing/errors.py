"""What can be wrong with money, each with the key of its message."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class BillingError(Exception):
    """Something about an account's money cannot be done; `key` names the message for people."""

    def __init__(self, key: str, placeholders: Mapping[str, str] = _NOTHING) -> None:
        """Name the message and what stands in it."""
        super().__init__(key)
        self.key = key
        self.placeholders = placeholders


class InvalidAmountError(BillingError):
    """An amount or a rate is no number, has too many decimals, or is out of bounds."""


class RefusedError(BillingError):
    """The ledger is sound, but what was asked for contradicts what is in it."""


class LedgerError(BillingError):
    """The ledger cannot be used: missing, damaged, of an older backup, or not writable."""
