"""What was agreed may change later; meter, plan, opening and rates stay what they were."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.account import Account
from tests.move_in import CHECKS, CUTTING, POSTPAID, PREPAID, TENANT, MoveIn
from tests.simulator import SimulatedMeter

pytestmark = pytest.mark.usefixtures("own_storage")

MEASUREMENT = 4

CHANGED: Mapping[str, Any] = {
    "cutting": {"cuts": True, "restores": False, "reconnects_always": True},
    "protection": {
        "protected_from": "22:00:00",
        "protected_to": "07:00:00",
        "protected_weekdays": ["sunday"],
        "holidays": "calendar.holidays",
    },
}
CHANGED_PREPAID: Mapping[str, Any] = {
    "tenant": "Asha Rao-Iyer",
    "cut_off": "0",
    "warning_levels": ["250.50"],
    "emergency_credit": "20",
    "checks": {"check_interval": "week", "check_time": "06:05:00", "check_weekday": "friday"},
    **CHANGED,
}
CHANGED_POSTPAID: Mapping[str, Any] = {
    "tenant": "Asha Rao-Iyer",
    "billing_day": 31.0,
    "due_days": 0.0,
    **CHANGED,
}
COMMON = {
    "tenant": "Asha Rao-Iyer",
    "cuts": True,
    "restores": False,
    "reconnects_always": True,
    "protected_from": "22:00",
    "protected_to": "07:00",
    "protected_weekdays": [6],
    "holidays": "calendar.holidays",
}


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter in measurement mode."""
    return account.meter(MEASUREMENT)


def shown(move_in: MoveIn, like: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the open form shows, in the fields of what was once entered."""
    return {
        field: {inner: move_in.suggested(inner, field) for inner in value}
        if isinstance(value, dict)
        else move_in.suggested(field)
        for field, value in like.items()
    }


@pytest.mark.parametrize(
    ("plan", "changed", "expected"),
    [
        (
            "prepaid",
            CHANGED_PREPAID,
            {
                "cut_off_paise": 0,
                "warning_levels_paise": [25_050],
                "emergency_credit_paise": 2_000,
                "check_interval": "week",
                "check_time": "06:05",
                "check_weekday": 4,
            },
        ),
        ("postpaid", CHANGED_POSTPAID, {"billing_day": 31, "due_days": 0}),
    ],
)
async def test_what_may_change_is_changed_and_nothing_else(
    move_in: MoveIn,
    meter: SimulatedMeter,
    plan: str,
    changed: Mapping[str, Any],
    expected: dict[str, Any],
) -> None:
    """The form shows what holds; later it shows what was changed."""
    await move_in.to_end(meter, plan)
    (tenancy,) = move_in.tenancies
    before = dict(tenancy.data)
    await move_in.reconfigure(tenancy)
    assert (move_in.step, move_in.errors) == (f"change_{plan}", {})
    entered = {
        **(PREPAID if plan == "prepaid" else POSTPAID),
        "tenant": TENANT,
    }
    entered.pop("opening_credit", None)
    if plan == "prepaid":
        entered |= {"cut_off": "100.00", "emergency_credit": "0.00"}
        entered |= {"warning_levels": ["500.00", "200.00"]}
        entered |= {"checks": {**CHECKS, "check_time": "23:59"}}
    assert shown(move_in, entered) == entered
    await move_in.submit(changed)
    assert move_in.reason == "reconfigure_successful"
    (tenancy,) = move_in.tenancies
    assert dict(tenancy.data) == before | COMMON | expected
    assert tenancy.title == f"Asha Rao-Iyer · {meter.name}"
    await move_in.reconfigure(tenancy)
    assert move_in.suggested("tenant") == "Asha Rao-Iyer"
    assert shown(move_in, CHANGED) == {
        **CHANGED,
        "protection": {
            **CHANGED["protection"],
            "protected_from": "22:00",
            "protected_to": "07:00",
        },
    }


async def test_what_is_cleared_is_gone(move_in: MoveIn, meter: SimulatedMeter) -> None:
    """Protected times, holidays and warnings can be taken back."""
    await move_in.to_terms(meter)
    await move_in.submit({**PREPAID, **CHANGED})
    (tenancy,) = move_in.tenancies
    await move_in.reconfigure(tenancy)
    cleared = {**CHANGED_PREPAID, "protection": {}, "warning_levels": []}
    await move_in.submit(cleared)
    (tenancy,) = move_in.tenancies
    data = tenancy.data
    assert (data["protected_from"], data["protected_to"], data["holidays"]) == (None, None, None)
    assert (data["protected_weekdays"], data["warning_levels_paise"]) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "errors"),
    [
        ({"tenant": " "}, {"tenant": "tenant_length"}),
        ({"cut_off": "x"}, {"cut_off": "amount_not_a_number"}),
        (
            {"protection": {"protected_to": "07:00:00"}},
            {"protection": "protected_hours_incomplete"},
        ),
    ],
)
async def test_a_mistake_changes_nothing(
    move_in: MoveIn, meter: SimulatedMeter, wrong: Mapping[str, Any], errors: dict[str, str]
) -> None:
    """It is told, what was entered stays, and once it is right it is taken."""
    await move_in.to_end(meter)
    (tenancy,) = move_in.tenancies
    before = dict(tenancy.data)
    await move_in.reconfigure(tenancy)
    await move_in.submit({**CHANGED_PREPAID, **wrong})
    assert (move_in.step, move_in.errors) == ("change_prepaid", errors)
    assert move_in.suggested("emergency_credit") == "20"
    assert dict(move_in.tenancies[0].data) == before
    await move_in.submit(CHANGED_PREPAID)
    assert move_in.reason == "reconfigure_successful"


async def test_a_meter_without_a_relay_is_not_asked_to_cut(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Also where it lost its relay later."""
    await move_in.to_end(meter)
    meter.has_relay = False
    account.coordinator(meter)._details_due_at = 0
    await account.poll(meter)
    await move_in.reconfigure(move_in.tenancies[0])
    await move_in.submit(CHANGED_PREPAID)
    assert move_in.errors == {"cutting": "meter_has_no_relay"}
    await move_in.submit({**CHANGED_PREPAID, "cutting": CUTTING})
    assert move_in.reason == "reconfigure_successful"


async def test_the_meter_may_be_gone(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The account goes on, and keeps the meter's name; forgotten, its key is all that is left."""
    await move_in.to_end(meter)
    account.cloud.remove_meter(meter.device_id)
    for _ in range(3):
        await account.poll_spaces()
    await move_in.reconfigure(move_in.tenancies[0])
    await move_in.submit(CHANGED_PREPAID)
    assert move_in.tenancies[0].title == f"Asha Rao-Iyer · {meter.name}"
    account.entry.runtime_data.identities.forget(meter.device_id)
    await move_in.reconfigure(move_in.tenancies[0])
    await move_in.submit(CHANGED_PREPAID)
    assert move_in.tenancies[0].title == f"Asha Rao-Iyer · {meter.device_id}"


async def test_an_account_that_does_not_run_is_not_changed(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Nobody could tell whether the tenant has moved out."""
    await move_in.to_end(meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    await move_in.reconfigure(move_in.tenancies[0])
    assert move_in.reason == "not_loaded"
