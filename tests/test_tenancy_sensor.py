"""Sensors of a tenancy show its account to the paisa and the watt-hour."""

from datetime import datetime

from homeassistant.const import STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.qube.billing.models import INDIA, Plan
from custom_components.qube.billing.supply_models import SupplyState
from tests.account import Account
from tests.shown_tenancy import begin
from tests.simulator import SimulatedCloud

JUNE = datetime(2026, 6, 1, tzinfo=INDIA)


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


@pytest.mark.parametrize(
    ("micropaise", "shown"),
    [
        (292_330_000_000, "2923.3"),
        (8_550_000_000, "85.5"),
        (-4_250_000_000, "-42.5"),
        (499_999, "0.0"),
        (500_000, "0.01"),
        (-500_000, "-0.01"),
        (999_999_999 * 10**6, "9999999.99"),
    ],
)
async def test_money_is_shown_in_rupees(account: Account, micropaise: int, shown: str) -> None:
    """Half a paisa is rounded away from zero, as on a bill."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.show(balance_micropaise=micropaise)
    assert tenancy.state("balance") == shown
    attributes = tenancy.full_state("balance").attributes
    assert attributes["unit_of_measurement"] == "INR"
    assert "last_reset" not in attributes


async def test_amount_due_and_its_date(account: Account) -> None:
    """Of the bill that is to be paid next: the last day, which ends when it is overdue."""
    due_at = datetime(2026, 6, 12, tzinfo=INDIA)
    (tenancy,) = await begin(account, account.meter(), of_plan=Plan.POSTPAID)
    assert tenancy.state("bill_due") == STATE_UNKNOWN
    await tenancy.show(amount_due_paise=220_675, due_at=due_at)
    assert tenancy.state("amount_due") == "2206.75"
    assert tenancy.state("bill_due") == "2026-06-11"


@pytest.mark.parametrize("supply", SupplyState)
async def test_supply_is_said_in_a_word(account: Account, supply: SupplyState) -> None:
    """Each is one of the options, so automations can choose it."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.show(supply=supply)
    assert tenancy.state("supply") == supply.value
    assert supply.value in tenancy.full_state("supply").attributes["options"]


async def test_use_and_cost_are_those_of_the_period(account: Account) -> None:
    """Grid and generator apart; with when the period began, so that a new one is no loss."""
    (tenancy,) = await begin(account, account.meter())
    shown = {
        key: tenancy.full_state(key)
        for key in ("grid_use", "generator_use", "grid_cost", "generator_cost")
    }
    assert {key: state.state for key, state in shown.items()} == {
        "grid_use": "11.8",
        "generator_use": "2.5",
        "grid_cost": "76.7",
        "generator_cost": "45.0",
    }
    assert {state.attributes["last_reset"] for state in shown.values()} == {
        "2026-05-01T00:00:00+05:30"
    }


async def test_a_new_period_is_shown_also_where_nothing_was_used_in_the_old_one(
    account: Account,
) -> None:
    """The value stays 0, but it is of another month."""
    (tenancy,) = await begin(account, account.meter())
    await tenancy.show(dg_wh=0)
    await tenancy.show(period_start=JUNE)
    assert tenancy.full_state("generator_use").attributes["last_reset"] == JUNE.isoformat()


async def test_days_left_are_days(account: Account) -> None:
    """Unknown before a day of use is known."""
    (tenancy,) = await begin(account, account.meter())
    assert tenancy.state("days_left") == "23.4"
    assert tenancy.full_state("days_left").attributes["unit_of_measurement"] == "d"
    await tenancy.show(days_left=None)
    assert tenancy.state("days_left") == STATE_UNKNOWN


@pytest.mark.parametrize("plan", Plan)
async def test_all_sensors(
    account: Account,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every entity of both plans is as it was looked at."""
    monkeypatch.setattr("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True)
    (tenancy,) = await begin(account, account.meter(), of_plan=plan)
    for key, entity in sorted(tenancy.entries().items()):
        state = tenancy.full_state(key)
        assert {
            "name": entity.original_name,
            "category": entity.entity_category,
            "state": state.state,
            "attributes": dict(state.attributes),
        } == snapshot(name=f"{plan}-{key}")
