"""Somebody asks what a meter recorded."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from freezegun.api import FrozenDateTimeFactory
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio
import pytest

from custom_components.qube import recorded
from custom_components.qube.const import DOMAIN, INDIA
from custom_components.qube.epochs import Epoch
from tests.account import Account
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedMeter

YESTERDAY: Final = (datetime.now(INDIA) - timedelta(days=1)).date()


async def history(account: Account, index: int = 0, /, **data: object) -> dict[str, Any]:
    """Ask for the history of a meter, of yesterday where nothing else is said."""
    answer = await account.hass.services.async_call(
        DOMAIN,
        "get_history",
        {
            "device_id": account.device_id(account.meter(index)),
            "from": str(YESTERDAY),
            "to": str(YESTERDAY),
            **data,
        },
        blocking=True,
        return_response=True,
    )
    assert answer is not None
    return answer


async def test_the_energy_of_a_day_by_the_hour_is_what_one_gets(account: Account) -> None:
    """Times in India's zone, values as the meter recorded them, in their unit."""
    answer = await history(account)
    assert (answer["meter"], answer["property"]) == ("Room 101", "energy")
    assert answer["interval"] == "60m"
    readings = answer["readings"]
    assert len(readings) == 24
    assert readings[0]["time"] == f"{YESTERDAY}T00:59:59+05:30"
    assert readings[-1]["time"] == f"{YESTERDAY}T23:59:59+05:30"
    values = [reading["value"] for reading in readings]
    assert values == sorted(values)
    assert values == [energy_kwh(account.meter(), reading) for reading in readings]
    assert {reading["unit"] for reading in readings} == {"kWh"}


@pytest.mark.parametrize(
    ("interval", "values_a_day"), [("15m", 96), ("30m", 48), ("60m", 24), ("1d", 1)]
)
async def test_each_interval_and_property_can_be_asked_for(
    account: Account, interval: str, values_a_day: int
) -> None:
    """Both days are included."""
    answer = await history(
        account,
        **{"property": "voltage", "interval": interval, "from": YESTERDAY - timedelta(days=1)},
    )
    assert answer["property"] == "voltage"
    assert len(answer["readings"]) == 2 * values_a_day
    assert all(180 < reading["value"] < 280 for reading in answer["readings"])
    assert {reading["unit"] for reading in answer["readings"]} == {"V"}


async def test_an_offline_meter_has_its_history(account: Account) -> None:
    """It is the cloud that remembers."""
    assert account.meter(7).is_online is False
    assert (await history(account, 7))["meter"]
    assert account.asked == [Endpoint.HISTORY]


async def test_a_property_that_a_meter_does_not_have_has_no_values(account: Account) -> None:
    """The cloud says nothing, and so does the answer."""
    assert (await history(account, property="humidity"))["readings"] == []


@pytest.mark.parametrize(
    ("first", "last", "interval", "key"),
    [
        (0, -1, "60m", "days_reversed"),
        (0, 3, "60m", "days_in_future"),
        (-31, 0, "15m", "too_many_days"),
        (-366, 0, "1d", "too_many_days"),
    ],
)
async def test_days_that_cannot_be_had_are_refused_at_once(
    account: Account, first: int, last: int, interval: str, key: str
) -> None:
    """The cloud is not asked."""
    with pytest.raises(ServiceValidationError) as raised:
        await history(
            account,
            **{
                "from": YESTERDAY + timedelta(days=first),
                "to": YESTERDAY + timedelta(days=last),
                "interval": interval,
            },
        )
    assert raised.value.translation_key == key
    assert account.asked == []


@pytest.mark.parametrize("data", [{"interval": "5m"}, {"from": "yesterday"}, {"to": None}])
async def test_what_is_no_day_or_interval_is_refused(
    account: Account, data: dict[str, object]
) -> None:
    """By the form of the action itself."""
    with pytest.raises(probatio.Invalid):
        await history(account, **data)


async def test_the_most_that_can_be_asked_for_fits_into_one_answer(account: Account) -> None:
    """A month by the quarter of an hour stays far below the 2 MiB of the transport."""
    answer = await history(account, **{"from": YESTERDAY - timedelta(days=30), "interval": "15m"})
    assert len(answer["readings"]) == 31 * 96


async def test_today_is_india_s(account: Account, freezer: FrozenDateTimeFactory) -> None:
    """After half past six in the evening in Greenwich, it is the next day there."""
    freezer.move_to(datetime.combine(YESTERDAY, datetime.min.time(), UTC) + timedelta(hours=18))
    with pytest.raises(ServiceValidationError):
        await history(account, to=str(YESTERDAY + timedelta(days=1)))
    freezer.tick(timedelta(minutes=31))
    assert await history(account, to=str(YESTERDAY + timedelta(days=1)))


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (FaultKind.DROP, "cannot_connect"),
        (FaultKind.WRONG_TYPES, "not_qube_api"),
        (FaultKind.OVERSIZED, "not_qube_api"),
        (FaultKind.RATE_LIMITED, "rate_limited"),
        (FaultKind.AUTH_ERROR_200, "key_rejected"),
        (FaultKind.FAILURE_200, "refused"),
    ],
)
async def test_a_fault_of_the_cloud_is_told(account: Account, kind: FaultKind, key: str) -> None:
    """In words for people; a key that is refused is asked for again."""
    account.cloud.faults.add(Fault(kind=kind, endpoint=Endpoint.HISTORY, data=[]))
    with pytest.raises(HomeAssistantError) as raised:
        await history(account)
    assert raised.value.translation_key == key
    asked_again = any(account.entry.async_get_active_flows(account.hass, {"reauth"}))
    assert asked_again == (key == "key_rejected")


async def test_a_meter_that_was_several_devices_tells_of_all(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each for its own time, though both have rows of the day on which one took over."""
    old, new = account.meter(0), account.meter(1)
    noon = datetime.combine(YESTERDAY, datetime.min.time(), INDIA) + timedelta(hours=12)
    epochs = (Epoch(device_id=old.device_id), Epoch(device_id=new.device_id, since=noon))
    monkeypatch.setattr(recorded, "_epochs_of", lambda _meter: epochs)
    readings = (await history(account))["readings"]
    assert [reading["value"] for reading in readings] == [
        *(energy_kwh(old, reading) for reading in readings[:12]),
        *(energy_kwh(new, reading) for reading in readings[12:]),
    ]
    assert len(readings) == 24
    asked = [device_id for _, device_id in account.cloud.requests.log]
    assert asked == [old.device_id, new.device_id]


def energy_kwh(meter: SimulatedMeter, reading: dict[str, Any]) -> float:
    """Return the register that a meter had at the time of a reading."""
    time_ms = round(datetime.fromisoformat(reading["time"]).timestamp() * 1000)
    return meter.register.wh_at(time_ms) / 1000
