"""A tenancy as people see it, made from its account and its supply (pure)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from .billing import prepaid
from .billing.bills import BillDraft
from .billing.models import Source, rates_at
from .billing.money import BASIS_POINTS, MICROPAISE_PER_PAISA, to_paise
from .billing.supply_models import SupplyState
from .billing.terms import PrepaidTerms
from .tenancy_account import RECENT, AccountLook
from .tenancy_terms import TenancyTerms

_DAY: Final = timedelta(days=1)
_DAYS_OF_MONTH: Final = 30
_NOTHING: Final = (0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyView:
    """What is known of a tenancy; None where it is unknown, as before the ledger was read.

    Use and cost are those of the running period, costs with tax. `amount_due_paise` is what is
    left to pay of the newest bill, of a prepaid tenancy what the balance is below zero. `days_left`
    and `is_low` are of prepaid tenancies: until the cut-off at the use of the last days, and below
    a warning level. `charged_until` is the time of the last reading that is charged; `is_charging`
    is False while the ledger is sick, and after the tenant has moved out.
    """

    balance_micropaise: int | None = None
    amount_due_paise: int | None = None
    due_at: datetime | None = None
    period_start: datetime | None = None
    eb_wh: int | None = None
    dg_wh: int | None = None
    eb_micropaise: int | None = None
    dg_micropaise: int | None = None
    days_left: float | None = None
    supply: SupplyState | None = None
    is_low: bool | None = None
    is_overdue: bool | None = None
    is_held: bool | None = None
    charged_until: datetime | None = None
    is_charging: bool = False


def view_of(
    look: AccountLook | None,
    terms: TenancyTerms,
    *,
    supply: SupplyState | None,
    is_ledger_sound: bool,
    now: datetime,
) -> TenancyView:
    """Return a tenancy as people see it; an account that was read stays in sight while sick."""
    if look is None:
        return TenancyView()
    is_closed = look.record.closed_at is not None
    balance_micropaise = look.state.balance_micropaise
    eb_wh, eb_micropaise = look.use.get(Source.EB, _NOTHING)
    dg_wh, dg_micropaise = look.use.get(Source.DG, _NOTHING)
    due_paise, is_low, days_left = look.unpaid_paise, None, None
    if isinstance(terms.supply, PrepaidTerms):
        due_paise = max(0, -to_paise(balance_micropaise))
        standing = prepaid.standing_of(terms.supply, balance_micropaise)
        is_low = standing.warned_paise is not None or not standing.is_in_order
        days_left = None if is_closed else days_until_cut_off(look, terms.supply, now)
    draft = look.bill.draft if look.bill else None
    return TenancyView(
        balance_micropaise=balance_micropaise,
        amount_due_paise=due_paise,
        due_at=draft.due_at if draft and look.unpaid_paise else None,
        period_start=look.period.start,
        eb_wh=eb_wh,
        dg_wh=dg_wh,
        eb_micropaise=eb_micropaise,
        dg_micropaise=dg_micropaise,
        days_left=days_left,
        supply=supply,
        is_low=is_low,
        is_overdue=look.overdue_paise > 0,
        is_held=look.is_held,
        charged_until=look.state.cursor.read_at,
        is_charging=is_ledger_sound and not is_closed,
    )


def view_at_end(view: TenancyView, bill: BillDraft) -> TenancyView:
    """Return a view with the use and the costs of a whole period, before the next one begins."""
    use = {
        source: (
            sum(line.energy_wh for line in bill.lines if line.source is source),
            sum(
                line.energy_micropaise + line.tax_micropaise
                for line in bill.lines
                if line.source is source
            ),
        )
        for source in Source
    }
    (eb_wh, eb_micropaise), (dg_wh, dg_micropaise) = use[Source.EB], use[Source.DG]
    return replace(
        view,
        period_start=bill.period.start,
        eb_wh=eb_wh,
        dg_wh=dg_wh,
        eb_micropaise=eb_micropaise,
        dg_micropaise=dg_micropaise,
    )


def days_until_cut_off(look: AccountLook, terms: PrepaidTerms, now: datetime) -> float | None:
    """Return for how many days the balance lasts at the use of the last days.

    None in a tenancy's first day, and where nothing is used that costs something.
    """
    elapsed = min(RECENT, look.state.cursor.read_at - look.record.opened.read_at)
    if elapsed < _DAY:
        return None
    rates = rates_at(look.rates, now)
    monthly_micropaise = rates.monthly_charge_paise * MICROPAISE_PER_PAISA
    taxed_micropaise = monthly_micropaise * (BASIS_POINTS + rates.tax_basis_points) // BASIS_POINTS
    used_micropaise = sum(micropaise for _, micropaise in look.recent_use.values())
    daily_micropaise = used_micropaise * (_DAY / elapsed) + taxed_micropaise / _DAYS_OF_MONTH
    if daily_micropaise <= 0:
        return None
    left_micropaise = look.state.balance_micropaise - terms.cut_off_paise * MICROPAISE_PER_PAISA
    return max(0.0, left_micropaise / daily_micropaise)
