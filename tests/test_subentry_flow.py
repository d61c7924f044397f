"""A tenant moves in: from the first form to the subentry, and who may not."""

from datetime import datetime

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger
from tests.account import Account, trouble_in
from tests.move_in import CUTTING, NOW, POSTPAID, PREPAID, RATES, TENANT, USE_IT, MoveIn
from tests.simulator import SimulatedMeter

pytestmark = pytest.mark.usefixtures("own_storage")

MEASUREMENT = 4
POSTPAID_METER = 3


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter in measurement mode."""
    return account.meter(MEASUREMENT)


async def test_a_prepaid_tenancy_is_entered(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Each form leads to the next one, and the subentry holds what was agreed, in exact units."""
    assert (await move_in.open())["step_id"] == "user"
    await move_in.submit({"tenant": f" {TENANT} ", "meter": meter.device_id, "plan": "prepaid"})
    assert (move_in.step, move_in.errors) == ("start", {})
    before = dt_util.utcnow()
    await move_in.submit(NOW)
    assert move_in.step == "opening"
    assert move_in.result["menu_options"] == ["rates", "start"]
    await move_in.submit(USE_IT)
    assert (move_in.step, move_in.errors) == ("rates", {})
    await move_in.submit(RATES)
    assert (move_in.step, move_in.errors) == ("prepaid", {})
    result = await move_in.submit(
        {
            **PREPAID,
            "emergency_credit": "₹50.5",
            "checks": {
                "check_interval": "week",
                "check_time": "08:30:00",
                "check_weekday": "monday",
            },
            "cutting": {"cuts": True, "restores": False, "reconnects_always": True},
            "protection": {
                "protected_from": "22:00:00",
                "protected_to": "07:15:00",
                "protected_weekdays": ["sunday", "saturday"],
                "holidays": "calendar.holidays",
            },
        }
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    (tenancy,) = move_in.tenancies
    assert tenancy.title == f"{TENANT} · {meter.name}"
    assert tenancy.unique_id is None
    data = dict(tenancy.data)
    opened = data.pop("opened")
    started_at = datetime.fromisoformat(data.pop("started_at"))
    assert before <= started_at <= dt_util.utcnow()
    assert opened == {
        "total_wh": account.coordinator(meter).identity.register.energy_wh,  # type: ignore[union-attr]
        "read_at": started_at.isoformat(),
        "device_id": meter.device_id,
        "register_wh": opened["total_wh"],
        "source": "eb" if meter.active_tariff == 1 else "dg",
    }
    assert data == {
        "tenant": TENANT,
        "meter_key": meter.device_id,
        "plan": "prepaid",
        "rates": {
            "eb_millipaise_per_kwh": 650_000,
            "dg_millipaise_per_kwh": 1_800_000,
            "monthly_charge_paise": 15_000,
            "tax_basis_points": 1_800,
        },
        "opening_credit_paise": 300_000,
        "cut_off_paise": 10_000,
        "warning_levels_paise": [50_000, 20_000],
        "check_interval": "week",
        "check_time": "08:30",
        "check_weekday": 0,
        "emergency_credit_paise": 5_050,
        "cuts": True,
        "restores": False,
        "reconnects_always": True,
        "protected_from": "22:00",
        "protected_to": "07:15",
        "protected_weekdays": [5, 6],
        "holidays": "calendar.holidays",
        "billing_day": 1,
        "due_days": 0,
    }


async def test_a_postpaid_tenancy_is_entered(move_in: MoveIn, meter: SimulatedMeter) -> None:
    """Of the other plan it holds what means nothing."""
    await move_in.to_terms(meter, "postpaid")
    assert move_in.step == "postpaid"
    await move_in.submit(POSTPAID)
    (tenancy,) = move_in.tenancies
    data = tenancy.data
    assert (data["plan"], data["billing_day"], data["due_days"]) == ("postpaid", 25, 10)
    assert isinstance(data["billing_day"], int)
    assert isinstance(data["due_days"], int)
    assert (data["opening_credit_paise"], data["cut_off_paise"]) == (0, 0)
    assert (data["warning_levels_paise"], data["emergency_credit_paise"]) == ([], 0)
    assert data["check_interval"] == "hour"


@pytest.mark.parametrize("plan", ["prepaid", "postpaid"])
async def test_nothing_is_cut_unless_that_is_chosen(
    move_in: MoveIn, meter: SimulatedMeter, plan: str
) -> None:
    """Cutting is off in the form itself, and power that billing cut comes back."""
    await move_in.to_terms(meter, plan)
    schema = move_in.result["data_schema"]
    assert schema is not None
    required = {"opening_credit": "0", "cutting": {}, "protection": {}}
    required = required | {"checks": {}} if plan == "prepaid" else {"cutting": {}, "protection": {}}
    filled = schema(required)
    assert filled["cutting"] == CUTTING
    await move_in.submit(required)
    (tenancy,) = move_in.tenancies
    assert (tenancy.data["cuts"], tenancy.data["restores"]) == (False, True)


async def test_only_meters_without_a_tenancy_are_offered(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """By their names and spaces, in order."""

    def offered() -> list[str]:
        schema = move_in.result["data_schema"]
        assert schema is not None
        options: list[dict[str, str]] = schema.schema["meter"].config["options"]
        assert options == sorted(options, key=lambda option: option["label"])
        return [option["value"] for option in options]

    await move_in.open()
    assert set(offered()) == set(account.cloud.meters)
    await move_in.to_end(meter)
    await move_in.open()
    assert set(offered()) == set(account.cloud.meters) - {meter.device_id}


async def test_without_a_free_meter_there_is_no_tenancy(account: Account, move_in: MoveIn) -> None:
    """The text says what to do."""
    for other in list(account.cloud.meters.values()):
        if other is not account.meter(MEASUREMENT):
            account.entry.runtime_data.devices.meters.pop(other.device_id)
    await move_in.to_end(account.meter(MEASUREMENT))
    assert move_in.is_done
    await move_in.open()
    assert move_in.reason == "no_meter_free"


async def test_a_meter_is_free_again_once_the_tenant_has_moved_out(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Many tenancies, one after another; that of before can no longer be changed."""
    await move_in.to_end(meter)
    (before,) = move_in.tenancies
    await account.entry.runtime_data.tenancies.get(before.subentry_id).async_close()
    await move_in.reconfigure(before)
    assert move_in.reason == "tenancy_closed"
    await move_in.to_end(meter, "postpaid")
    assert move_in.is_done
    assert len(move_in.tenancies) == 2


async def test_a_sick_ledger_takes_no_tenancy(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Neither at the beginning nor where it falls sick while a form is open."""
    await move_in.to_end(meter)
    second = MoveIn(account)
    await second.to_start(account.meter())
    books = account.entry.runtime_data.books
    books.path.unlink()
    with pytest.raises(LedgerError):
        await books.async_run(find_missing)
    await second.submit(NOW)
    assert second.reason == "ledger_unsound"
    await move_in.open()
    assert move_in.reason == "ledger_unsound"


def find_missing(_ledger: Ledger) -> None:
    """Find no ledger."""
    raise LedgerError("ledger_missing")


async def test_two_forms_at_once_make_one_tenancy(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Whoever is second is told, in the first form or at the very end."""
    second, third = MoveIn(account), MoveIn(account)
    await second.to_terms(meter)
    await third.open()
    await move_in.to_end(meter)
    await second.submit(PREPAID)
    assert second.reason == "meter_taken"
    await third.submit({"tenant": TENANT, "meter": meter.device_id, "plan": "prepaid"})
    assert third.errors == {"meter": "meter_taken"}
    assert third.suggested("tenant") == TENANT
    other = account.meter(POSTPAID_METER)
    await third.submit({"tenant": TENANT, "meter": other.device_id, "plan": "prepaid"})
    assert (third.step, third.errors) == ("start", {})
    assert len(move_in.tenancies) == 1


@pytest.mark.parametrize("tenant", ["", "   ", "x" * 101])
async def test_a_tenant_has_a_name_that_fits(
    account: Account, move_in: MoveIn, meter: SimulatedMeter, tenant: str
) -> None:
    """On a bill, it must be there; what was chosen beside it is kept."""
    await move_in.to_start(meter, "postpaid", tenant)
    assert move_in.errors == {"tenant": "tenant_length"}
    assert move_in.result["description_placeholders"] == {"length": "100"}
    assert move_in.suggested("meter") == meter.device_id
    assert move_in.suggested("plan") == "postpaid"
    await move_in.submit({"tenant": TENANT, "meter": meter.device_id, "plan": "postpaid"})
    assert (move_in.step, move_in.errors) == ("start", {})


async def test_an_account_that_does_not_run_takes_no_tenancy(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Neither at the beginning nor when it stops while a form is open."""
    await move_in.to_terms(meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    assert account.entry.state is ConfigEntryState.NOT_LOADED
    await move_in.submit(PREPAID)
    assert move_in.reason == "not_loaded"
    await move_in.open()
    assert move_in.reason == "not_loaded"
    assert not move_in.tenancies


async def test_a_meter_that_is_removed_meanwhile_takes_no_tenancy(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The form ends, and says why."""
    await move_in.to_rates(meter)
    account.cloud.remove_meter(meter.device_id)
    for _ in range(3):
        await account.poll_spaces()
    await move_in.submit(RATES)
    await move_in.submit(PREPAID)
    assert move_in.reason == "meter_gone"


async def test_an_account_that_is_loaded_again_meanwhile_goes_on(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The forms hold no meter of before."""
    await move_in.to_terms(meter)
    await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    await move_in.submit(PREPAID)
    assert move_in.is_done


async def test_the_name_of_a_tenant_is_in_no_log(
    account: Account, move_in: MoveIn, meter: SimulatedMeter, caplog: pytest.LogCaptureFixture
) -> None:
    """Not even at the lowest level."""
    caplog.set_level("DEBUG", "custom_components.qube")
    await move_in.to_end(meter)
    assert move_in.is_done
    assert TENANT not in caplog.text
    assert trouble_in(caplog) == []
