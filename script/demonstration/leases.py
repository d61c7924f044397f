"""The tenancies of the simulated house: what is agreed with a tenant, and what the meter showed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from custom_components.qube.billing.models import INDIA, Plan, Reading, Source
from custom_components.qube.billing.money import basis_points_of, millipaise_of, paise_of
from custom_components.qube.tenancy_terms import (
    StoredSupply,
    TenancyData,
    TenancyTerms,
    as_stored,
    terms_of,
)

from .tenants import TENANTS, Tenant

# Rows of milliseconds since 1970, Wh, and Qube's number of the source.
type Past = Sequence[Sequence[int]]

_SOURCES: Final = {1: Source.EB, 2: Source.DG}
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOVES_IN_AT: Final = time(11, 30)
_MOVES_OUT_AT: Final = time(10)
# So long ago Home Assistant was off for two days, so that something is estimated.
_OFF: Final = (timedelta(days=33, hours=4), timedelta(days=31, hours=10))
_SUPPLY: Final = StoredSupply(
    cut_off_paise=0,
    warning_levels_paise=[20_000, 10_000],
    check_interval="day",
    check_time="23:59",
    check_weekday=6,
    emergency_credit_paise=0,
    cuts=False,
    restores=True,
    reconnects_always=False,
    protected_from=None,
    protected_to=None,
    protected_weekdays=[],
    holidays=None,
    billing_day=1,
    due_days=0,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A tenancy: its subentry, and the readings of its meter after the one that opened it."""

    tenant: Tenant
    tenancy_id: str
    room: str
    space: str
    data: TenancyData
    readings: Sequence[Reading]

    @property
    def terms(self) -> TenancyTerms:
        """Return the terms as the integration reads them."""
        return terms_of(self.data)

    @property
    def title(self) -> str:
        """Return what the subentry is called."""
        return f"{self.data['tenant']} · {self.room}"

    @property
    def meter_name(self) -> str:
        """Return what the meter is called on bills."""
        return f"{self.room} ({self.space})"


def rented(meters: int) -> set[int]:
    """Return the numbers of the meters that have tenants, of so many."""
    return {tenant.meter for tenant in TENANTS if tenant.meter < meters}


def begin_of(meter: int, now: datetime) -> datetime:
    """Return the midnight before the first tenant of a meter moved in."""
    days = max(tenant.since_days for tenant in TENANTS if tenant.meter == meter)
    return days_ago(now, days, time())


def days_ago(now: datetime, days: int, clock: time) -> datetime:
    """Return a time of a day in India."""
    return datetime.combine(now.astimezone(INDIA) - timedelta(days=days), clock, INDIA)


def leases(
    truth: Sequence[Mapping[str, Any]],
    spaces: Mapping[int, str],
    pasts: Mapping[int, Past],
    now: datetime,
) -> list[Lease]:
    """Return the tenancies of the meters whose past is given, by number."""
    found: list[Lease] = []
    for number, tenant in enumerate(TENANTS, 1):
        if tenant.meter in pasts:
            meter = truth[tenant.meter]
            found.append(
                _lease(
                    tenant,
                    f"demo-tenancy-{number:02}",
                    truth=meter,
                    space=spaces[meter["space_id"]],
                    past=pasts[tenant.meter],
                    now=now,
                )
            )
    return found


def _lease(
    tenant: Tenant,
    tenancy_id: str,
    *,
    truth: Mapping[str, Any],
    space: str,
    past: Past,
    now: datetime,
) -> Lease:
    device_id = truth["device_id"]
    begin = days_ago(now, tenant.since_days, _MOVES_IN_AT)
    end = days_ago(now, tenant.until_days, _MOVES_OUT_AT) if tenant.until_days else now
    all_readings = _readings(device_id, past, now)
    readings = [each for each in all_readings if begin <= each.read_at <= end]
    opened = replace(readings[0], is_watched=False)
    data = _data(tenant, device_id, opened)
    return Lease(
        tenant=tenant,
        tenancy_id=tenancy_id,
        room=truth["name"],
        space=space,
        data=data,
        readings=readings[1:],
    )


def _readings(device_id: str, past: Past, now: datetime) -> Iterator[Reading]:
    """Yield what Home Assistant would have read; of a switch both what ended and what began."""
    before: Source | None = None
    for time_ms, energy_wh, number in past:
        read_at = _EPOCH + time_ms * _MILLISECOND
        is_off = now - _OFF[0] < read_at < now - _OFF[1]
        source = None if is_off else _SOURCES[number]
        reading = Reading(
            total_wh=energy_wh,
            read_at=read_at,
            device_id=device_id,
            register_wh=energy_wh,
            source=source,
            is_watched=before is not None and not is_off,
        )
        if before is not None and source is not None and source is not before:
            yield replace(reading, source=before)
        yield reading
        before = source


def _data(tenant: Tenant, meter_key: str, opened: Reading) -> TenancyData:
    """Return what the flow would have stored."""
    is_prepaid = tenant.plan is Plan.PREPAID
    postpaid: Mapping[str, Any] = {
        "warning_levels_paise": [],
        "check_interval": "hour",
        "billing_day": tenant.billing_day,
        "due_days": tenant.due_days,
    }
    supply: Mapping[str, Any] = {**({} if is_prepaid else postpaid), **tenant.chosen}
    return {
        **_SUPPLY,
        **supply,  # type: ignore[typeddict-item]
        "tenant": tenant.name,
        "meter_key": meter_key,
        "plan": tenant.plan.value,
        "started_at": opened.read_at.isoformat(),
        "opened": as_stored(opened),
        "rates": {
            "eb_millipaise_per_kwh": millipaise_of(tenant.eb_rate),
            "dg_millipaise_per_kwh": millipaise_of(tenant.dg_rate),
            "monthly_charge_paise": paise_of(tenant.monthly_charge),
            "tax_basis_points": basis_points_of(tenant.tax_percent),
        },
        "opening_credit_paise": paise_of(tenant.opening_credit) if is_prepaid else 0,
    }
