"""Whether what is written in a ledger is the truth: nothing lost, nothing twice (pure)."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from custom_components.qube.billing.models import Source

from .tenants import Tenant
from .written import Written, WrittenAccount, WrittenCharge

_MICROPAISE_PER_PAISA: Final = 1_000_000
_BASIS_POINTS: Final = 10_000


@dataclass(kw_only=True, slots=True)
class Booking:
    """A payment or an adjustment that was posted, perhaps several times until it was answered."""

    tenancy_id: str
    kind: str
    reference: str
    amount_paise: int
    is_acknowledged: bool = field(default=False)

    @property
    def fact(self) -> tuple[str, str, str, int]:
        """Return it as it has to be written."""
        amount_micropaise = self.amount_paise * _MICROPAISE_PER_PAISA
        return self.tenancy_id, self.kind, self.reference, amount_micropaise


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterTruth:
    """What a meter shows at the end, and whether its tenant has to have power."""

    register_wh: int
    has_power: bool
    is_power_due: bool


def faults(
    written: Written, tenants: Collection[Tenant], bookings: Collection[Booking]
) -> Iterator[str]:
    """Yield what is wrong, at any moment."""
    if written.is_restored:
        yield "the ledger is taken for an older copy"
    if written.unbilled:
        yield f"fixed charges without a bill: {written.unbilled}"
    yield from _booking_faults(written, bookings)
    acknowledged = {each.tenancy_id for each in bookings if each.is_acknowledged}
    for tenant in tenants:
        account = written.accounts.get(tenant.tenancy_id)
        if account is not None:
            yield from _account_faults(written, tenant, account)
        elif tenant.tenancy_id in acknowledged:
            yield f"{tenant.tenancy_id} has no account"


def faults_at_rest(
    written: Written, bookings: Collection[Booking], meters: Mapping[str, MeterTruth]
) -> Iterator[str]:
    """Yield what is wrong once all is done, by the truth about each tenancy's meter."""
    for booking in bookings:
        if not booking.is_acknowledged:
            yield f"{booking.kind} {booking.reference} was never acknowledged"
    for tenancy_id, meter in meters.items():
        account = written.accounts.get(tenancy_id)
        if account is None:
            yield f"{tenancy_id} has no account"
        elif account.cursor_wh != meter.register_wh:
            yield (
                f"{tenancy_id} is charged up to {account.cursor_wh} Wh, "
                f"its register shows {meter.register_wh} Wh"
            )
        if meter.has_power is not meter.is_power_due:
            yield f"{tenancy_id} has power: {meter.has_power}, due: {meter.is_power_due}"
        intents = [each for each in written.intents if each.tenancy_id == tenancy_id]
        if any(each.is_confirmed is None for each in intents):
            yield f"an order to the relay of {tenancy_id} is not settled"
        confirmed = [bool(each.power_on) for each in intents if each.is_confirmed]
        if confirmed and confirmed[-1] is not meter.has_power:
            yield f"the last order to the relay of {tenancy_id} is not what it shows"


def _booking_faults(written: Written, bookings: Collection[Booking]) -> Iterator[str]:
    known = {booking.fact: booking for booking in bookings}
    times = Counter(
        (each.tenancy_id, each.kind, each.reference, each.micropaise) for each in written.bookings
    )
    for fact, booking in known.items():
        if booking.is_acknowledged and not times[fact]:
            yield f"{booking.kind} {booking.reference} was acknowledged and is lost"
    for fact, number in times.items():
        _, kind, reference, _ = fact
        if fact not in known:
            yield f"{kind} {reference} is not what was posted"
        elif number > 1:
            yield f"{kind} {reference} is booked {number} times"


def _account_faults(written: Written, tenant: Tenant, account: WrittenAccount) -> Iterator[str]:
    """Yield what is wrong with ranges and sums of one account."""
    name, reached_wh, cost_micropaise = tenant.tenancy_id, tenant.opening_wh, 0
    if account.opened_wh != tenant.opening_wh:
        yield f"{name} begins at {account.opened_wh} Wh, not at {tenant.opening_wh} Wh"
    for charge in written.charges:
        if charge.tenancy_id != name:
            continue
        if charge.from_wh < reached_wh:
            yield f"{name} is charged twice from {charge.from_wh} to {reached_wh} Wh"
        elif charge.from_wh > reached_wh:
            yield f"{name} is not charged from {reached_wh} to {charge.from_wh} Wh"
        reached_wh = max(reached_wh, charge.to_wh)
        cost = _cost_micropaise(tenant, charge)
        cost_micropaise += cost
        if charge.micropaise != -cost:
            yield f"{name} pays {-charge.micropaise} for {charge}, not {cost} micropaise"
    if account.cursor_wh != reached_wh:
        yield f"{name} is charged up to {reached_wh} Wh, its cursor is at {account.cursor_wh} Wh"
    booked_micropaise = sum(
        each.micropaise for each in written.bookings if each.tenancy_id == tenant.tenancy_id
    )
    balance = tenant.opening_credit_paise * _MICROPAISE_PER_PAISA
    balance += booked_micropaise + account.fixed_micropaise - cost_micropaise
    for kept in {account.balance_micropaise, account.posted_micropaise}:
        if kept != balance:
            yield f"{name} has a balance of {kept} micropaise, it should be {balance}"


def _cost_micropaise(tenant: Tenant, charge: WrittenCharge) -> int:
    """Return what the energy of a charge costs by what was agreed."""
    millipaise = tenant.millipaise_per_kwh[Source(charge.source)]
    millipaise += millipaise * tenant.tax_basis_points // _BASIS_POINTS
    return (charge.to_wh - charge.from_wh) * millipaise
