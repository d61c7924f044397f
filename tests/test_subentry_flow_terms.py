"""What a tenant pays, and when there is power: each mistake is told at its field, and kept."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.account import Account
from tests.move_in import CHECKS, CUTTING, NOW, POSTPAID, PREPAID, RATES, USE_IT, MoveIn
from tests.simulator import SimulatedMeter

pytestmark = pytest.mark.usefixtures("own_storage")

MEASUREMENT = 4
NO_RELAY = 6
OFFLINE = 7

CRORE = "₹1,00,00,000.00"
LONG = "1" * 33


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter in measurement mode."""
    return account.meter(MEASUREMENT)


async def test_the_tariffs_of_the_meter_are_suggested(
    move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """In rupees; what nobody can know is left to the owner."""
    meter.eb_tariff_paise, meter.dg_tariff_paise = 725, 2_100
    await move_in.to_rates(meter)
    assert (move_in.suggested("eb_rate"), move_in.suggested("dg_rate")) == ("7.25", "21.00")


async def test_a_meter_that_tells_only_one_tariff_suggests_only_that(
    move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Nothing is made up for the other one."""
    meter.eb_tariff_paise, meter.null_fields = 725, {"dg_tariff"}
    await move_in.to_rates(meter)
    assert (move_in.suggested("eb_rate"), move_in.suggested("dg_rate")) == ("7.25", None)


async def test_an_offline_meter_suggests_no_tariff(account: Account, move_in: MoveIn) -> None:
    """Its form is empty, and can be filled in."""
    await move_in.to_rates(account.meter(OFFLINE))
    assert (move_in.suggested("eb_rate"), move_in.suggested("dg_rate")) == (None, None)
    await move_in.submit(RATES)
    assert (move_in.step, move_in.errors) == ("prepaid", {})


@pytest.mark.parametrize(
    ("rates", "errors", "placeholders"),
    [
        ({"eb_rate": "six"}, {"eb_rate": "amount_not_a_number"}, {}),
        ({"dg_rate": ""}, {"dg_rate": "amount_not_a_number"}, {}),
        ({"eb_rate": LONG}, {"eb_rate": "amount_not_a_number"}, {}),
        (
            {"eb_rate": "NaN", "tax": "inf"},
            dict.fromkeys(["eb_rate", "tax"], "amount_not_a_number"),
            {},
        ),
        ({"eb_rate": "-1"}, {"eb_rate": "amount_too_small"}, {"limit": "₹0"}),
        ({"dg_rate": "1000.01"}, {"dg_rate": "amount_too_large"}, {"limit": "₹1,000"}),
        ({"eb_rate": "6.123456"}, {"eb_rate": "amount_too_many_decimals"}, {"decimals": "5"}),
        (
            {"monthly_charge": "1.005"},
            {"monthly_charge": "amount_too_many_decimals"},
            {"decimals": "2"},
        ),
        ({"tax": "101"}, {"tax": "amount_too_large"}, {"limit": "₹100"}),
        ({"eb_rate": "6.54321", "tax": "5"}, {"tax": "rate_and_tax_not_exact"}, {}),
    ],
)
async def test_a_wrong_rate_is_told_at_its_field(
    move_in: MoveIn,
    meter: SimulatedMeter,
    rates: Mapping[str, str],
    errors: dict[str, str],
    placeholders: dict[str, str],
) -> None:
    """What was entered stays, and goes on once it is right."""
    await move_in.to_rates(meter)
    entered = {**RATES, **rates}
    await move_in.submit(entered)
    assert (move_in.step, move_in.errors) == ("rates", errors)
    assert move_in.result["description_placeholders"] == placeholders
    assert {field: move_in.suggested(field) for field in entered} == entered
    await move_in.submit(RATES)
    assert (move_in.step, move_in.errors) == ("prepaid", {})


async def test_errors_with_different_limits_are_told_one_after_the_other(
    move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The texts of a form share their limit, which may not be another one's."""
    await move_in.to_rates(meter)
    await move_in.submit({**RATES, "eb_rate": "2000", "monthly_charge": "99999999", "tax": "x"})
    assert move_in.errors == {"eb_rate": "amount_too_large", "tax": "amount_not_a_number"}
    assert move_in.result["description_placeholders"] == {"limit": "₹1,000"}
    await move_in.submit({**RATES, "monthly_charge": "99999999"})
    assert move_in.errors == {"monthly_charge": "amount_too_large"}
    await move_in.submit(RATES)
    assert move_in.step == "prepaid"


@pytest.mark.parametrize(
    ("terms", "errors"),
    [
        ({"opening_credit": "-1"}, {"opening_credit": "amount_too_small"}),
        ({"opening_credit": "a lot"}, {"opening_credit": "amount_not_a_number"}),
        ({"cut_off": "1.001"}, {"cut_off": "amount_too_many_decimals"}),
        ({"emergency_credit": "100000000"}, {"emergency_credit": "amount_too_large"}),
        ({"warning_levels": ["200", "many"]}, {"warning_levels": "amount_not_a_number"}),
        ({"warning_levels": ["500", "100"]}, {"warning_levels": "warning_after_cut"}),
        (
            {"protection": {"protected_from": "22:00:00"}},
            {"protection": "protected_hours_incomplete"},
        ),
        (
            {"protection": {"protected_to": "07:00:00"}},
            {"protection": "protected_hours_incomplete"},
        ),
    ],
)
async def test_wrong_prepaid_terms_are_told_at_their_field(
    move_in: MoveIn, meter: SimulatedMeter, terms: Mapping[str, Any], errors: dict[str, str]
) -> None:
    """What was entered stays, in the sections too, and goes on once it is right."""
    await move_in.to_terms(meter)
    entered = {**PREPAID, "checks": {**CHECKS, "check_interval": "hour"}, **terms}
    await move_in.submit(entered)
    assert (move_in.step, move_in.errors) == ("prepaid", errors)
    assert move_in.suggested("cut_off") == entered["cut_off"]
    assert move_in.suggested("warning_levels") == entered["warning_levels"]
    assert move_in.suggested("check_interval", "checks") == "hour"
    for field, clock in entered["protection"].items():
        assert move_in.suggested(field, "protection") == clock
    assert not move_in.tenancies
    await move_in.submit(PREPAID)
    assert move_in.is_done


async def test_a_warning_is_worth_it_down_to_the_emergency_credit(
    move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Power is cut below the cut-off less that credit; a warning at that point comes too late."""
    await move_in.to_terms(meter)
    terms = {**PREPAID, "cut_off": "100", "emergency_credit": "50"}
    await move_in.submit({**terms, "warning_levels": ["50"]})
    assert move_in.errors == {"warning_levels": "warning_after_cut"}
    assert move_in.result["description_placeholders"] == {"cut_at": "₹50.00"}
    await move_in.submit({**terms, "warning_levels": ["50.01", " ", "75", "75.00"]})
    (tenancy,) = move_in.tenancies
    assert tenancy.data["warning_levels_paise"] == [7_500, 5_001]


async def test_without_warnings_there_are_none(move_in: MoveIn, meter: SimulatedMeter) -> None:
    """The field may be left empty."""
    await move_in.to_terms(meter)
    await move_in.submit({key: PREPAID[key] for key in PREPAID if key != "warning_levels"})
    (tenancy,) = move_in.tenancies
    assert tenancy.data["warning_levels_paise"] == []


@pytest.mark.parametrize("plan", ["prepaid", "postpaid"])
async def test_power_that_cannot_be_cut_is_not_promised_to_be(
    account: Account, move_in: MoveIn, plan: str
) -> None:
    """A meter without a relay takes tenants, but no automatic cut."""
    terms = PREPAID if plan == "prepaid" else POSTPAID
    await move_in.to_terms(account.meter(NO_RELAY), plan)
    await move_in.submit({**terms, "cutting": {**CUTTING, "cuts": True}})
    assert (move_in.step, move_in.errors) == (plan, {"cutting": "meter_has_no_relay"})
    await move_in.submit(terms)
    assert move_in.step == "mode_other"


async def test_a_monthly_charge_and_a_tax_of_nothing_are_the_default(
    move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Whoever has neither has nothing to fill in."""
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    await move_in.submit(USE_IT)
    await move_in.submit({"eb_rate": "₹ 6.5", "dg_rate": "1,000"})
    await move_in.submit(PREPAID)
    (tenancy,) = move_in.tenancies
    assert tenancy.data["rates"] == {
        "eb_millipaise_per_kwh": 650_000,
        "dg_millipaise_per_kwh": 100_000_000,
        "monthly_charge_paise": 0,
        "tax_basis_points": 0,
    }
