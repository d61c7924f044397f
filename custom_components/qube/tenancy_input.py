"""What was entered in the forms of a tenancy, in exact units, and what is wrong with it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from homeassistant.util import dt as dt_util

from .billing.errors import InvalidAmountError
from .billing.models import Plan, Rates
from .billing.money import basis_points_of, indian, millipaise_of, paise_of, rupees_of_paise
from .billing.terms import CheckEvery
from .tenancy_forms import NOW, WEEKDAYS
from .tenancy_terms import StoredRates, StoredSupply

MAX_TENANT_LENGTH: Final = 100

type UserInput = Mapping[str, Any]


class Entered:
    """The fields of a form; what is wrong with them is a key of `errors`, by field."""

    def __init__(self, fields: UserInput) -> None:
        """Take the fields as they were entered."""
        self.errors: Final[dict[str, str]] = {}
        self.placeholders: Final[dict[str, str]] = {}
        self._fields = fields

    def tenant(self) -> str:
        """Return the tenant's name."""
        name: str = self._fields["tenant"].strip()
        if not 1 <= len(name) <= MAX_TENANT_LENGTH:
            self.refuse("tenant", "tenant_length", {"length": str(MAX_TENANT_LENGTH)})
        return name

    def first_day(self, today: date) -> date | None:
        """Return the day on which the tenant moved in, None where that is now."""
        if self._fields["start"] == NOW:
            return None
        if (day := self._fields.get("day")) is None:
            self.refuse("day", "day_missing")
            return None
        first = date.fromisoformat(day)
        if first > today:
            self.refuse("day", "day_in_future")
        return first

    def amount(self, field: str, parse: Callable[[str], int] = paise_of) -> int:
        """Return an amount, 0 where it is wrong."""
        return self._parsed(field, self._fields[field], parse)

    def amounts(self, field: str) -> list[int]:
        """Return the amounts of a list in paise, the largest first, each once."""
        texts = self._fields.get(field) or ()
        amounts = {self._parsed(field, text, paise_of) for text in texts if text.strip()}
        return sorted(amounts, reverse=True)

    def rates(self) -> StoredRates:
        """Return what the tenant pays."""
        stored = StoredRates(
            eb_millipaise_per_kwh=self.amount("eb_rate", millipaise_of),
            dg_millipaise_per_kwh=self.amount("dg_rate", millipaise_of),
            monthly_charge_paise=self.amount("monthly_charge"),
            tax_basis_points=self.amount("tax", basis_points_of),
        )
        try:
            Rates(valid_from=dt_util.utcnow(), **stored)
        except InvalidAmountError as err:
            self.refuse("tax", err.key, err.placeholders)
        return stored

    def supply(self, plan: Plan, *, has_relay: bool) -> StoredSupply:
        """Return what was chosen for the supply; a meter without a relay cuts nothing."""
        cutting, protection = self._fields["cutting"], self._fields["protection"]
        start, end = protection.get("protected_from"), protection.get("protected_to")
        if bool(start) != bool(end):
            self.refuse("protection", "protected_hours_incomplete")
        if cutting["cuts"] and not has_relay:
            self.refuse("cutting", "meter_has_no_relay")
        weekdays = protection.get("protected_weekdays") or ()
        common = StoredSupply(
            cut_off_paise=0,
            warning_levels_paise=[],
            # A postpaid account is brought up to date each hour; only its bills are looked at.
            check_interval=CheckEvery.HOUR,
            check_time="23:59",
            check_weekday=len(WEEKDAYS) - 1,
            emergency_credit_paise=0,
            cuts=cutting["cuts"],
            restores=cutting["restores"],
            reconnects_always=cutting["reconnects_always"],
            protected_from=_hours_and_minutes(start),
            protected_to=_hours_and_minutes(end),
            protected_weekdays=sorted(map(WEEKDAYS.index, weekdays)),
            holidays=protection.get("holidays"),
            billing_day=1,
            due_days=0,
        )
        return self._prepaid(common) if plan is Plan.PREPAID else self._postpaid(common)

    def _prepaid(self, common: StoredSupply) -> StoredSupply:
        checks = self._fields["checks"]
        supply: StoredSupply = {
            **common,
            "cut_off_paise": self.amount("cut_off"),
            "warning_levels_paise": self.amounts("warning_levels"),
            "emergency_credit_paise": self.amount("emergency_credit"),
            "check_interval": checks["check_interval"],
            "check_time": checks["check_time"][:5],
            "check_weekday": WEEKDAYS.index(checks["check_weekday"]),
        }
        cut_at_paise = supply["cut_off_paise"] - supply["emergency_credit_paise"]
        if any(level <= cut_at_paise for level in supply["warning_levels_paise"]):
            amount = indian(rupees_of_paise(cut_at_paise))
            self.refuse("warning_levels", "warning_after_cut", {"cut_at": amount})
        return supply

    def _postpaid(self, common: StoredSupply) -> StoredSupply:
        return {
            **common,
            "billing_day": self._fields["billing_day"],
            "due_days": self._fields["due_days"],
        }

    def refuse(self, field: str, key: str, placeholders: Mapping[str, str] | None = None) -> None:
        """Say what is wrong with a field.

        A form has one set of placeholders: an error that needs others than one before it waits.
        """
        needed = placeholders or {}
        if all(self.placeholders.get(name, text) == text for name, text in needed.items()):
            self.placeholders.update(needed)
            self.errors.setdefault(field, key)

    def _parsed(self, field: str, text: str, parse: Callable[[str], int]) -> int:
        try:
            return parse(text)
        except InvalidAmountError as err:
            self.refuse(field, err.key, err.placeholders)
            return 0


def _hours_and_minutes(clock: str | None) -> str | None:
    return clock[:5] if clock else None
