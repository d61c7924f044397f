"""Who rents the rooms of the simulated house, and what is special about each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from custom_components.qube.billing.models import Plan
from custom_components.qube.billing.supply_models import SupplyState

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """A tenant of the meter with an index; days are counted back from now, money is in ₹.

    One who pays before use pays `tops_up` whenever the balance is found below `below`, and has
    `ends_at` to just above that now. One who pays after use pays each bill some days later, where
    `owes_last` all but the last one that is due by now.
    """

    name: str
    meter: int
    plan: Plan
    since_days: int
    until_days: int = 0
    eb_rate: str = "8.25"
    dg_rate: str = "21.00"
    monthly_charge: int = 0
    tax_percent: int = 0
    opening_credit: int = 1000
    tops_up: int = 500
    below: int = 150
    ends_at: int | None = None
    pays_by: str = "upi"
    billing_day: int = 1
    due_days: int = 10
    pays_after_days: int = 6
    owes_last: bool = False
    is_held: bool = False
    new_eb_rate: str | None = None
    goodwill: int = 0
    pays_twice: bool = False
    supply: SupplyState = SupplyState.ON
    # What else was chosen, as the subentry holds it.
    chosen: Mapping[str, Any] = field(default=_NOTHING)


_CUTS: Final = MappingProxyType({"cuts": True, "check_interval": "quarter_hour"})

# Two rooms stay free, so that a tenancy can be added.
TENANTS: Final = (
    Tenant(
        name="Ananya Iyer",
        meter=0,
        plan=Plan.PREPAID,
        since_days=201,
        tops_up=1000,
        ends_at=640,
        new_eb_rate="8.60",
        goodwill=100,
    ),
    Tenant(
        name="Rahul Verma",
        meter=1,
        plan=Plan.PREPAID,
        since_days=143,
        opening_credit=750,
        tops_up=300,
        below=120,
        ends_at=1,
        supply=SupplyState.WARNED,
        chosen=_CUTS,
    ),
    Tenant(
        name="Fatima Sheikh",
        meter=2,
        plan=Plan.PREPAID,
        since_days=96,
        opening_credit=500,
        tops_up=400,
        ends_at=-65,
        monthly_charge=120,
        supply=SupplyState.EMERGENCY_CREDIT,
        chosen={**_CUTS, "emergency_credit_paise": 200_00},
    ),
    Tenant(
        name="Suresh Patil",
        meter=3,
        plan=Plan.POSTPAID,
        since_days=187,
        monthly_charge=150,
        owes_last=True,
        pays_by="bank_transfer",
        supply=SupplyState.WARNED,
    ),
    Tenant(
        name="Vikram Reddy",
        meter=4,
        plan=Plan.PREPAID,
        since_days=214,
        until_days=74,
        tops_up=700,
    ),
    Tenant(
        name="Meera Nair",
        meter=4,
        plan=Plan.PREPAID,
        since_days=70,
        tops_up=700,
        ends_at=410,
        eb_rate="8.60",
        chosen={**_CUTS, "protected_from": "22:00", "protected_to": "07:00"},
    ),
    Tenant(
        name="Dr. Kavita Deshpande",
        meter=5,
        plan=Plan.POSTPAID,
        since_days=168,
        eb_rate="9.50",
        dg_rate="24.00",
        monthly_charge=600,
        tax_percent=5,
        billing_day=5,
        due_days=15,
        new_eb_rate="10.20",
        pays_by="bank_transfer",
        pays_after_days=9,
    ),
    Tenant(
        name="Gurpreet Singh",
        meter=6,
        plan=Plan.POSTPAID,
        since_days=120,
        billing_day=15,
        due_days=12,
        pays_after_days=3,
    ),
    Tenant(
        name="Arjun Mehta",
        meter=7,
        plan=Plan.PREPAID,
        since_days=88,
        ends_at=-30,
        tops_up=400,
        supply=SupplyState.WAITING,
        chosen=_CUTS,
    ),
    Tenant(
        name="Lakshmi Venkatesh",
        meter=8,
        plan=Plan.PREPAID,
        since_days=155,
        ends_at=-180,
        pays_by="cash",
        is_held=True,
        supply=SupplyState.HELD,
        chosen=_CUTS,
    ),
    Tenant(
        name="Imran Khan",
        meter=9,
        plan=Plan.PREPAID,
        since_days=230,
        until_days=104,
        opening_credit=4000,
        tops_up=3000,
        below=600,
        eb_rate="9.00",
        monthly_charge=400,
        pays_by="bank_transfer",
    ),
    Tenant(
        name="Priya & Rohan Kulkarni",
        meter=9,
        plan=Plan.PREPAID,
        since_days=102,
        opening_credit=4000,
        tops_up=3000,
        below=600,
        ends_at=-12,
        eb_rate="9.25",
        monthly_charge=400,
        pays_twice=True,
        supply=SupplyState.CUT,
        chosen=_CUTS,
    ),
)
