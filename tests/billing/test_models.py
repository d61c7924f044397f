"""The words of billing: rates in force, exact charges, amounts of transactions."""

from dataclasses import FrozenInstanceError
from datetime import UTC, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.errors import InvalidAmountError
from custom_components.qube.billing.models import (
    INDIA,
    Account,
    Source,
    TransactionKind,
    rates_at,
)
from tests.billing.worlds import HOUR, NOON, a_charge, payment, rates, transaction


def test_india_is_five_and_a_half_hours_ahead() -> None:
    """And says so."""
    assert NOON.astimezone(UTC).isoformat() == "2026-10-25T06:30:00+00:00"
    assert INDIA.tzname(None) == "IST"


def test_each_source_has_its_rate() -> None:
    """The grid's and the generator's."""
    version = rates(eb=1, dg=2)
    assert [version.millipaise_per_kwh(source) for source in (Source.EB, Source.DG)] == [1, 2]


class TestRatesAt:
    """The newest version whose time has come."""

    TIMELINE = (rates(1), rates(2, valid_from=NOON + HOUR), rates(3, valid_from=NOON + 2 * HOUR))

    @pytest.mark.parametrize(
        ("hours", "eb"), [(-5, 1), (0, 1), (0.99, 1), (1, 2), (1.01, 2), (2, 3), (500, 3)]
    )
    def test_the_rates_of_a_time(self, hours: float, eb: int) -> None:
        """From the moment on that a version names; before all of them, the first."""
        moment = NOON + timedelta(hours=hours)
        assert rates_at(self.TIMELINE, moment).eb_millipaise_per_kwh == eb


class TestExactTax:
    """A charge can only be exact where the tax of a kWh is."""

    @pytest.mark.parametrize(("eb", "dg"), [(650_001, 0), (0, 650_001)])
    def test_a_tax_that_is_not_exact_is_refused(self, eb: int, dg: int) -> None:
        """Of either source."""
        with pytest.raises(InvalidAmountError) as caught:
            rates(eb, dg, tax_basis_points=1_800)
        assert caught.value.key == "rate_and_tax_not_exact"

    @pytest.mark.parametrize(("rate", "tax"), [(650_001, 0), (650_000, 1_825), (1, 10_000)])
    def test_a_tax_that_is_exact_is_taken(self, rate: int, tax: int) -> None:
        """None, one of paise, and all of it."""
        assert rates(rate, rate, tax_basis_points=tax).tax_basis_points == tax

    @given(st.integers(0, 10**6), st.integers(0, 10**8), st.integers(0, 10_000))
    def test_a_charge_loses_nothing(self, energy_wh: int, rate: int, tax: int) -> None:
        """Wherever such rates can exist."""
        try:
            rates(rate, 0, tax_basis_points=tax)
        except InvalidAmountError:
            return
        charge = a_charge(0, energy_wh, millipaise_per_kwh=rate, tax_basis_points=tax)
        assert charge.tax_micropaise * 10_000 == energy_wh * rate * tax
        assert charge.amount_micropaise == charge.energy_micropaise + charge.tax_micropaise


def test_a_charge_knows_the_register_at_its_beginning() -> None:
    """Wh of the meter's total are Wh of the device's register."""
    charge = a_charge(5_000, 5_030, register_wh=100)
    assert (charge.energy_wh, charge.opening_register_wh) == (30, 70)


def test_a_transaction_is_worth_what_the_tenant_gains() -> None:
    """Nothing, where the tenant is not in it."""
    assert payment(1, 5).amount_micropaise == 5_000_000
    between = transaction(2, TransactionKind.ADJUSTMENT, -7, Account.ADJUSTMENTS)
    assert between.amount_micropaise == -7
    del between.postings[Account.TENANT]  # type: ignore[attr-defined]
    assert between.amount_micropaise == 0


def test_words_are_frozen() -> None:
    """What was said stays said."""
    with pytest.raises(FrozenInstanceError):
        a_charge().to_wh = 5  # type: ignore[misc]
