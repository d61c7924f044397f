"""A meter that is to be charged here only measures: its mode is changed, or nothing begins."""

from homeassistant.config_entries import SOURCE_REAUTH
import pytest

from tests.account import Account
from tests.move_in import PREPAID, MoveIn
from tests.simulator import Endpoint, FaultKind, Mode, SimulatedMeter

pytestmark = pytest.mark.usefixtures("own_storage")

POSTPAID_METER = 3
MEASUREMENT = 4
OFFLINE = 7
RELAY_OFF = 10

CHANGE = {"measurement": True}
LEAVE = {"measurement": False}


async def test_a_meter_that_measures_is_left_alone(account: Account, move_in: MoveIn) -> None:
    """Nothing is asked, and nothing is sent."""
    await move_in.to_end(account.meter(MEASUREMENT))
    assert move_in.is_done
    assert Endpoint.MODE not in account.asked


async def test_a_meter_in_prepaid_mode_is_changed_first(account: Account, move_in: MoveIn) -> None:
    """Its own account would cut the same power: the form has no other way out."""
    meter = account.meter()
    await move_in.to_end(meter)
    assert (move_in.step, move_in.errors) == ("mode_prepaid", {})
    schema = move_in.result["data_schema"]
    assert schema is not None
    assert schema.schema == {}
    assert move_in.result["description_placeholders"] == {
        "meter": account.coordinator(meter).name_with_space
    }
    await move_in.submit({})
    assert move_in.is_done
    assert meter.mode is Mode.MEASUREMENT


FAULTS = [
    (FaultKind.IGNORED, "command_not_confirmed"),
    (FaultKind.DROP, "command_cannot_connect"),
    (FaultKind.HTML_200, "command_not_qube_api"),
    (FaultKind.ERROR, "command_refused"),
    (FaultKind.RATE_LIMITED, "command_rate_limited"),
    (FaultKind.UNAUTHORIZED, "command_key_rejected"),
]


@pytest.mark.parametrize(("kind", "error"), FAULTS, ids=[error for _, error in FAULTS])
async def test_a_change_that_fails_loses_nothing(
    account: Account, move_in: MoveIn, kind: FaultKind, error: str
) -> None:
    """The form says why and stays; once the cloud is well, the same tenancy begins."""
    meter = account.meter()
    await move_in.to_end(meter)
    account.break_down(kind, Endpoint.MODE)
    await move_in.submit({})
    assert (move_in.step, move_in.errors) == ("mode_prepaid", {"base": error})
    shown = move_in.result["description_placeholders"] or {}
    assert shown["meter"] == account.coordinator(meter).name_with_space
    assert not move_in.tenancies
    assert meter.mode is Mode.PREPAID
    flows = account.hass.config_entries.flow.async_progress()
    asked = [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]
    assert bool(asked) == (kind is FaultKind.UNAUTHORIZED)
    account.cloud.faults.clear()
    account.inventory.client._transport._not_before = 0.0
    await account.poll(meter)
    await move_in.submit({})
    assert move_in.is_done
    assert move_in.tenancies[0].data["cut_off_paise"] == 10_000


async def test_an_offline_meter_in_prepaid_mode_waits_until_it_is_back(
    account: Account, move_in: MoveIn
) -> None:
    """It cannot be told, so nothing begins."""
    meter = account.meter(OFFLINE)
    await move_in.to_end(meter)
    assert move_in.step == "mode_prepaid"
    await move_in.submit({})
    assert move_in.errors == {"base": "command_meter_offline"}
    assert not move_in.tenancies
    meter.is_online = True
    await account.poll(meter)
    await move_in.submit({})
    assert move_in.is_done
    assert meter.mode is Mode.MEASUREMENT


@pytest.mark.parametrize(
    ("index", "step"), [(POSTPAID_METER, "mode_other"), (RELAY_OFF, "mode_relay_off")]
)
async def test_another_mode_may_be_changed_or_left(
    account: Account, move_in: MoveIn, index: int, step: str
) -> None:
    """To change it is the default; it can also stay as it is, for no second account cuts."""
    meter = account.meter(index)
    before = meter.mode
    await move_in.to_end(meter)
    assert (move_in.step, move_in.errors) == (step, {})
    schema = move_in.result["data_schema"]
    assert schema is not None
    assert schema({}) == CHANGE
    await move_in.submit(LEAVE)
    assert move_in.is_done
    assert meter.mode is before


@pytest.mark.parametrize("index", [POSTPAID_METER, RELAY_OFF])
async def test_another_mode_is_changed_where_that_is_wished(
    account: Account, move_in: MoveIn, index: int
) -> None:
    """Then the tenancy begins with a meter that only measures."""
    meter = account.meter(index)
    await move_in.to_end(meter)
    await move_in.submit(CHANGE)
    assert move_in.is_done
    assert meter.mode is Mode.MEASUREMENT


async def test_a_wish_that_fails_can_be_given_up(account: Account, move_in: MoveIn) -> None:
    """What was wished stays in sight."""
    meter = account.meter(POSTPAID_METER)
    await move_in.to_end(meter)
    account.break_down(FaultKind.IGNORED, Endpoint.MODE)
    await move_in.submit(CHANGE)
    assert move_in.errors == {"base": "command_not_confirmed"}
    assert move_in.suggested("measurement") is True
    await move_in.submit(LEAVE)
    assert move_in.is_done


async def test_a_mode_that_is_not_known_is_offered_to_be_changed(
    account: Account, move_in: MoveIn
) -> None:
    """Nobody can tell what the meter does by itself."""
    meter = account.meter(MEASUREMENT)
    meter.null_fields = {"mode"}
    await move_in.to_end(meter)
    assert move_in.step == "mode_other"
    await move_in.submit(LEAVE)
    assert move_in.is_done


async def test_a_meter_that_was_never_seen_has_an_unknown_mode(
    account: Account, move_in: MoveIn
) -> None:
    """As just after it was replaced."""
    meter = account.meter(MEASUREMENT)
    await move_in.to_terms(meter)
    account.coordinator(meter).async_take_device()
    await move_in.submit(PREPAID)
    assert move_in.step == "mode_other"


async def test_a_meter_that_is_put_into_prepaid_mode_meanwhile_is_refused(
    account: Account, move_in: MoveIn
) -> None:
    """Whoever leaves a harmless mode as it is does not agree to two accounts."""
    meter: SimulatedMeter = account.meter(POSTPAID_METER)
    await move_in.to_end(meter)
    meter.mode = Mode.PREPAID
    await account.poll(meter)
    await move_in.submit(LEAVE)
    assert (move_in.step, move_in.errors) == ("mode_prepaid", {})
    assert not move_in.tenancies
    await move_in.submit({})
    assert move_in.is_done
    assert meter.mode is Mode.MEASUREMENT
