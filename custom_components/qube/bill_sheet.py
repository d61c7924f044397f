"""A stored bill as a page of HTML to print on A4."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .bill_words import BillWords
from .billing.bills import BillDraft, StoredBill
from .billing.money import (
    BASIS_POINTS_PER_PERCENT,
    indian,
    rate_in_rupees,
    rupees_of_paise,
    to_paise,
)
from .const import INDIA
from .days import day_of, last_day_before

_WH_PER_KWH: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of a sum: what it is, and how much in paise."""

    label: str
    amount_paise: int
    note: str = ""


def bill_as_html(bill: StoredBill, *, issuer: str, words: BillWords, nonce: str) -> str:
    """Return the page of a bill, with its only style sheet under a nonce; reads files.

    Nothing on it is trusted: names may hold whatever a person entered.
    """
    draft = bill.draft
    return _ENVIRONMENT.get_template("bill.html.jinja").render(
        bill=bill,
        draft=draft,
        issuer=issuer,
        words=words,
        nonce=nonce,
        issued_on=day_of(bill.issued_at),
        first_day=day_of(draft.period.start),
        last_day=last_day_before(draft.period.end),
        outcome=outcome_of(draft, words),
        energy_paise=_energy_paise(draft),
        total=Entry(label=words.this_period, amount_paise=draft.total_paise),
        costs=costs_of(draft, words),
        account=account_of(draft, words),
        devices=len({line.opening.device_id for line in draft.lines}),
        sources=len({line.source for line in draft.lines}),
        is_estimated=any(line.estimated_wh for line in draft.lines),
    )


def costs_of(draft: BillDraft, words: BillWords) -> tuple[Entry, ...]:
    """Return what the period's total is made of, so that the lines, as printed, add up to it."""
    period = draft.period
    days = words.days.format(days=period.days, whole_days=period.whole_days)
    entries = (
        Entry(label=words.energy, amount_paise=_energy_paise(draft)),
        Entry(
            label=words.fixed_charge,
            amount_paise=draft.fixed_charge_paise,
            note=days if period.days < period.whole_days else "",
        ),
        Entry(label=words.tax, amount_paise=to_paise(draft.tax_micropaise), note=_tax_rate(draft)),
    )
    return _added_up(entries, draft.total_paise, words)


def account_of(draft: BillDraft, words: BillWords) -> tuple[Entry, ...]:
    """Return what the outcome is made of: of an amount due what is owed, else what is had."""
    previous = to_paise(draft.previous_balance_micropaise)
    entries = (
        Entry(
            label=words.previous_due if previous < 0 else words.previous_credit,
            amount_paise=previous,
        ),
        Entry(label=words.payments, amount_paise=to_paise(draft.payments_micropaise)),
        Entry(label=words.adjustments, amount_paise=to_paise(draft.adjustments_micropaise)),
        Entry(label=words.this_period, amount_paise=-draft.total_paise),
    )
    balance = to_paise(draft.balance_micropaise)
    added_up = _added_up(entries, balance, words)
    if balance >= 0:
        return added_up
    return tuple(replace(entry, amount_paise=-entry.amount_paise) for entry in added_up)


def outcome_of(draft: BillDraft, words: BillWords) -> Entry:
    """Return what the tenant has to pay, or has."""
    balance = to_paise(draft.balance_micropaise)
    if balance < 0:
        return Entry(label=words.due, amount_paise=draft.amount_due_paise)
    return Entry(label=words.credit if balance else words.settled, amount_paise=balance)


def _added_up(entries: tuple[Entry, ...], total_paise: int, words: BillWords) -> tuple[Entry, ...]:
    """Return the entries that are not nothing, and what rounding each of them has lost."""
    rest = total_paise - sum(entry.amount_paise for entry in entries)
    rounding = Entry(label=words.rounding, amount_paise=rest)
    return tuple(entry for entry in (*entries, rounding) if entry.amount_paise)


def _energy_paise(draft: BillDraft) -> int:
    return sum(to_paise(line.energy_micropaise) for line in draft.lines)


def _tax_rate(draft: BillDraft) -> str:
    """Return the rate of the tax, nothing where there were several."""
    rates = {line.tax_basis_points for line in draft.lines}
    if draft.fixed_charge_paise:
        rates.add(draft.fixed_charge_tax_basis_points)
    if len(rates) != 1:
        return ""
    return f"{Decimal(rates.pop()) / BASIS_POINTS_PER_PERCENT:f} %"


def _moment(time: datetime) -> str:
    return f"{time.astimezone(INDIA):%d-%m-%Y, %H:%M}"


def _units(energy_wh: int) -> str:
    return indian(Decimal(energy_wh).scaleb(-_WH_PER_KWH)).replace("₹", "")


def _rupees(amount_paise: int) -> str:
    # A minus sign, where a hyphen could end a line.
    return indian(rupees_of_paise(amount_paise)).replace("-", "\N{MINUS SIGN}")


def _rate(rate_millipaise: int) -> str:
    return f"{rate_in_rupees(rate_millipaise):f}"


_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {
    "moment": _moment,
    "units": _units,
    "rupees": _rupees,
    "rate": _rate,
    "paise": to_paise,
}
