"""A tenancy as people see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .billing.supply_models import SupplyState


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyView:
    """What is known of a tenancy; None where it is unknown, as before the ledger was read.

    Use and cost are those of the running period, costs with tax. `days_left` is of prepaid
    tenancies, at the use of the last days. `charged_until` is the time of the last reading that is
    charged, `is_charging` whether the ledger is sound and the tenancy not closed.
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
