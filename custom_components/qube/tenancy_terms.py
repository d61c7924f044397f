"""What was agreed with a tenant, as the config subentry holds it, in the words of billing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final, TypedDict

from .billing.models import Opening, Plan, Rates, Reading, Source
from .billing.terms import CheckEvery, CheckInterval, PostpaidTerms, PrepaidTerms, ProtectedTimes

SUBENTRY_TENANCY: Final = "tenancy"


class StoredOpening(TypedDict):
    """The opening reading of a tenancy as its subentry holds it."""

    total_wh: int
    read_at: str
    device_id: str
    register_wh: int
    source: str | None


class StoredRates(TypedDict):
    """The first version of a tenancy's rates as its subentry holds it; the ledger has them all."""

    eb_millipaise_per_kwh: int
    dg_millipaise_per_kwh: int
    monthly_charge_paise: int
    tax_basis_points: int


class StoredParties(TypedDict):
    """Who rents which meter, and on which plan."""

    tenant: str
    meter_key: str
    plan: str


class StoredStart(TypedDict):
    """When a tenancy began, and with which reading."""

    started_at: str
    opened: StoredOpening


class StoredSupply(TypedDict):
    """What may change later; the fields of the other plan mean nothing.

    Of a postpaid tenancy these are cut-off, warnings and emergency credit, of a prepaid one the
    days until a bill is due.
    """

    cut_off_paise: int
    warning_levels_paise: list[int]
    check_interval: str
    check_time: str
    check_weekday: int
    emergency_credit_paise: int
    cuts: bool
    restores: bool
    reconnects_always: bool
    protected_from: str | None
    protected_to: str | None
    protected_weekdays: list[int]
    holidays: str | None
    billing_day: int
    due_days: int


class TenancyData(StoredParties, StoredStart, StoredSupply):
    """The data of a tenancy's subentry."""

    rates: StoredRates
    opening_credit_paise: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyTerms:
    """What was agreed with a tenant; the name is in no repr.

    `started_at` is aware. `rates` are the first version: later ones are in the ledger only. A
    prepaid tenancy's billing day is the first. `holidays` is a calendar entity.
    """

    tenant: str = field(repr=False)
    meter_key: str
    plan: Plan
    started_at: datetime
    opened: Reading
    rates: Rates
    opening_credit_paise: int
    billing_day: int
    supply: PrepaidTerms | PostpaidTerms
    checks: CheckInterval
    holidays: str | None

    def opening(self, tenancy_id: str, meter_name: str) -> Opening:
        """Return the tenancy as the ledger begins it."""
        return Opening(
            tenancy_id=tenancy_id,
            tenant=self.tenant,
            meter_key=self.meter_key,
            meter_name=meter_name,
            plan=self.plan,
            opened=self.opened,
            rates=self.rates,
            opening_credit_paise=self.opening_credit_paise,
        )


def terms_of(data: Mapping[str, Any]) -> TenancyTerms:
    """Return the terms that a tenancy's subentry holds (`ConfigSubentry.data`)."""
    started_at = datetime.fromisoformat(data["started_at"])
    plan = Plan(data["plan"])
    return TenancyTerms(
        tenant=data["tenant"],
        meter_key=data["meter_key"],
        plan=plan,
        started_at=started_at,
        opened=_opened(data["opened"]),
        rates=Rates(valid_from=started_at, **data["rates"]),
        opening_credit_paise=data["opening_credit_paise"],
        billing_day=data["billing_day"],
        supply=_prepaid(data) if plan is Plan.PREPAID else _postpaid(data),
        checks=CheckInterval(
            every=CheckEvery(data["check_interval"]),
            at=time.fromisoformat(data["check_time"]),
            weekday=data["check_weekday"],
        ),
        holidays=data["holidays"],
    )


def as_stored(opened: Reading) -> StoredOpening:
    """Return an opening reading as a subentry holds it."""
    return {
        "total_wh": opened.total_wh,
        "read_at": opened.read_at.isoformat(),
        "device_id": opened.device_id,
        "register_wh": opened.register_wh,
        "source": opened.source,
    }


def _opened(stored: StoredOpening) -> Reading:
    source = stored["source"]
    return Reading(
        total_wh=stored["total_wh"],
        read_at=datetime.fromisoformat(stored["read_at"]),
        device_id=stored["device_id"],
        register_wh=stored["register_wh"],
        source=Source(source) if source else None,
    )


def _prepaid(data: Mapping[str, Any]) -> PrepaidTerms:
    return PrepaidTerms(
        cut_off_paise=data["cut_off_paise"],
        warning_levels_paise=tuple(data["warning_levels_paise"]),
        emergency_credit_paise=data["emergency_credit_paise"],
        cuts=data["cuts"],
        restores=data["restores"],
        reconnects_always=data["reconnects_always"],
        protected=_protected(data),
    )


def _postpaid(data: Mapping[str, Any]) -> PostpaidTerms:
    return PostpaidTerms(
        billing_day=data["billing_day"],
        due_days=data["due_days"],
        cuts=data["cuts"],
        restores=data["restores"],
        reconnects_always=data["reconnects_always"],
        protected=_protected(data),
    )


def _protected(data: Mapping[str, Any]) -> ProtectedTimes:
    start, end = data["protected_from"], data["protected_to"]
    return ProtectedTimes(
        start=time.fromisoformat(start) if start else None,
        end=time.fromisoformat(end) if end else None,
        weekdays=frozenset(data["protected_weekdays"]),
    )
