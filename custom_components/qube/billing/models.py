"""The words of billing as frozen models: readings, rates, charges, transactions.

Energy is in Wh, rates in millipaise per kWh, amounts in micropaise or paise as their names say,
times are aware. What a tenant has is positive, what a tenant owes negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from .errors import InvalidAmountError
from .money import BASIS_POINTS, energy_tax_micropaise

# Qube's days and months, whatever zone the server is in.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")


class Source(StrEnum):
    """Where the power comes from: the grid (EB) or the building's diesel generator (DG)."""

    EB = "eb"
    DG = "dg"


class Plan(StrEnum):
    """Whether a tenant pays before use or after it."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"


class Account(StrEnum):
    """Where money of one tenancy is booked; the postings of a transaction sum to zero."""

    TENANT = "tenant"
    ENERGY_EB = "energy_eb"
    ENERGY_DG = "energy_dg"
    FIXED_CHARGE = "fixed_charge"
    TAX = "tax"
    MONEY_RECEIVED = "money_received"
    ADJUSTMENTS = "adjustments"


class TransactionKind(StrEnum):
    """What a transaction is."""

    PAYMENT = "payment"
    CHARGE = "charge"
    FIXED_CHARGE = "fixed_charge"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a meter had measured in all at a time, over every register it has had.

    `register_wh` is what the Qube device itself showed. The source is None where it was not seen,
    as in the cloud's history. `is_watched` says that the source was seen all the time since the
    reading before.
    """

    total_wh: int
    read_at: datetime
    device_id: str
    register_wh: int
    source: Source | None = None
    is_watched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """What a tenant pays from a time on; never changed, only followed by another version.

    Raises InvalidAmountError where the tax of a kWh is not a whole number of millipaise: no charge
    could be exact.
    """

    valid_from: datetime
    eb_millipaise_per_kwh: int
    dg_millipaise_per_kwh: int
    monthly_charge_paise: int = 0
    tax_basis_points: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be charged exactly."""
        for rate in (self.eb_millipaise_per_kwh, self.dg_millipaise_per_kwh):
            if rate * self.tax_basis_points % BASIS_POINTS:
                raise InvalidAmountError("rate_and_tax_not_exact")

    def millipaise_per_kwh(self, source: Source) -> int:
        """Return the rate of a source, before tax."""
        return self.eb_millipaise_per_kwh if source is Source.EB else self.dg_millipaise_per_kwh


# By `valid_from`; the first version holds from the beginning of the tenancy.
type RateTimeline = tuple[Rates, ...]


def rates_at(rates: RateTimeline, time: datetime) -> Rates:
    """Return the rates in force at an aware time; before the first version, the first."""
    in_force = (version for version in reversed(rates) if version.valid_from <= time)
    return next(in_force, rates[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """The use between two totals of a meter, at one rate of one source on one Qube device.

    `is_estimated` says that the source or the moment of a change of rates was not seen. The tax is
    part of the charge; `register_wh` is what the device showed at its end.
    """

    from_wh: int
    to_wh: int
    from_at: datetime
    to_at: datetime
    device_id: str
    register_wh: int
    source: Source
    millipaise_per_kwh: int
    tax_basis_points: int
    is_estimated: bool

    @property
    def energy_wh(self) -> int:
        """Return the use in Wh."""
        return self.to_wh - self.from_wh

    @property
    def opening_register_wh(self) -> int:
        """Return what the device showed at the beginning."""
        return self.register_wh - self.energy_wh

    @property
    def energy_micropaise(self) -> int:
        """Return what the energy costs, before tax; exact."""
        return self.energy_wh * self.millipaise_per_kwh

    @property
    def tax_micropaise(self) -> int:
        """Return the tax on it; exact."""
        return energy_tax_micropaise(self.energy_wh, self.millipaise_per_kwh, self.tax_basis_points)

    @property
    def amount_micropaise(self) -> int:
        """Return what the tenant pays for it."""
        return self.energy_micropaise + self.tax_micropaise


@dataclass(frozen=True, kw_only=True, slots=True)
class Charged:
    """Charges that follow each other, and the reading up to which they reach.

    There may be none: time has passed and nothing was used.
    """

    charges: Sequence[Charge]
    cursor: Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """A tenancy as it begins; the name is in no repr.

    `tenancy_id` is unique for ever, `opened` the opening reading.
    """

    tenancy_id: str
    tenant: str = field(repr=False)
    meter_key: str
    meter_name: str
    plan: Plan
    opened: Reading
    rates: Rates
    opening_credit_paise: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class TenancyRecord:
    """A tenancy as the ledger keeps it for ever; the name is in no repr.

    `number` is what people call its account.
    """

    tenancy_id: str
    number: int
    tenant: str = field(repr=False)
    meter_key: str
    meter_name: str
    plan: Plan
    opened: Reading
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountState:
    """A tenancy's balance in micropaise and the reading up to which it is charged."""

    balance_micropaise: int
    cursor: Reading


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One transaction of the journal.

    `effective_at` is when the money moved or the energy was used, `recorded_at` when it was
    written down. `reverses` is the transaction that it takes back.
    """

    transaction_id: int
    tenancy_id: str
    kind: TransactionKind
    key: str
    effective_at: datetime
    recorded_at: datetime
    postings: Mapping[Account, int]
    reference: str | None = None
    method: str | None = None
    note: str | None = None
    reverses: int | None = None

    @property
    def amount_micropaise(self) -> int:
        """Return what it adds to the tenant's balance."""
        return self.postings.get(Account.TENANT, 0)


class SupplyReason(StrEnum):
    """Why power is cut or restored."""

    LOW_BALANCE = "low_balance"
    OVERDUE = "overdue"
    PAID = "paid"
    HELD = "held"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What billing wants of a relay, stored before the command is sent.

    `is_confirmed` is None until it is settled: then whether the relay showed it.
    """

    intent_id: int
    tenancy_id: str
    power_on: bool
    reason: SupplyReason
    created_at: datetime
    settled_at: datetime | None = None
    is_confirmed: bool | None = None
