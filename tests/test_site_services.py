"""The actions of a main meter, asked as automations ask them."""

from datetime import timedelta

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio
import pytest

from custom_components.qube.days import today
from tests.history_account import midnight
from tests.main_meter import LOST_WH_PER_HOUR, Building, yesterday
from tests.simulator import FaultKind, SimulatedCloud
from tests.simulator.clock import to_ms
from tests.simulator.site_faults import SiteFault

pytest_plugins = ("tests.site_fixtures",)
pytestmark = pytest.mark.usefixtures("recorder")

DAY = timedelta(days=1)


@pytest.fixture
def cloud(house_cloud: SimulatedCloud) -> SimulatedCloud:
    """Return the building's cloud."""
    return house_cloud


async def test_records_of_all_pages_are_answered(house: Building) -> None:
    """By default the last day, newest first; the limit is FlatPeak's page only."""
    answer = await house.ask("get_meter_records", limit=10)
    assert (answer["main_meter"], answer["direction"]) == ("House main meter", "import")
    assert len(answer["records"]) == 48
    assert answer["records"][0]["end"] == answer["to"] == "2026-05-04T12:00:00+05:30"
    assert answer["records"][-1]["start"] == answer["from"] == "2026-05-03T12:00:00+05:30"
    assert answer["records"][0]["value"] == answer["records"][0]["energy_kwh"]
    assert answer["records"][0]["confidence"] == 1
    assert answer["energy_kwh"] == pytest.approx(
        sum(record["energy_kwh"] for record in answer["records"])
    )


async def test_every_parameter_is_sent(house: Building) -> None:
    """A time without a zone is meant in India."""
    house.flatpeak.bodies.clear()
    answer = await house.ask(
        "get_meter_records",
        start="2026-05-01 00:00:00",
        end="2026-05-03T00:00:00+05:30",
        direction="export",
        group_by="DAY",
        order_by="OLDEST",
        limit=25_000,
        starting_after="mre_1",
        ending_before="mre_2",
    )
    assert [body | {"id": ""} for body in house.flatpeak.bodies] == [
        {
            "id": "",
            "starting_after": "mre_1",
            "ending_before": "mre_2",
            "limit": 25_000,
            "group_by": "DAY",
            "order_by": "OLDEST",
            "energy_flow_direction": "OUTBOUND",
            "start_time": "2026-05-01T00:00:00+05:30",
            "end_time": "2026-05-03T00:00:00+05:30",
        }
    ]
    starts = [record["start"] for record in answer["records"]]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"limit": 25_001}, {"group_by": "YEAR"}, {"direction": "up"}]
)
async def test_what_the_api_would_refuse_is_not_sent(
    house: Building, wrong: dict[str, object]
) -> None:
    """The action itself says so."""
    house.flatpeak.bodies.clear()
    with pytest.raises(probatio.Invalid):
        await house.ask("get_meter_records", **wrong)
    with pytest.raises(ServiceValidationError) as caught:
        await house.ask("get_meter_records", start="2026-05-03", end="2026-05-01 00:00:00")
    assert caught.value.translation_key == "record_times_reversed"
    assert house.flatpeak.bodies == []


async def test_errors_are_told_in_words(house: Building) -> None:
    """And another device is none."""
    house.flatpeak.faults.append(SiteFault(kind=FaultKind.ERROR))
    with pytest.raises(HomeAssistantError) as caught:
        await house.ask("get_meter_records")
    assert caught.value.translation_key == "site_refused"
    space = house.device.via_device_id
    with pytest.raises(ServiceValidationError) as refused:
        await house.ask("get_meter_records", device_id=space)
    assert refused.value.translation_key == "not_a_main_meter"


async def test_losses_are_answered_by_day_by_month_and_in_all(house: Building) -> None:
    """Over the turn of a month, with what they cost."""
    first = today() - 5 * DAY
    answer = await house.ask("get_reconciliation", **{"from": first, "to": today()})
    assert [(each["from"], each["to"]) for each in answer["months"]] == [
        ("2026-04-29", "2026-04-30"),
        ("2026-05-01", "2026-05-04"),
    ]
    assert [each["state"] for each in answer["days"]] == ["complete"] * 5 + ["not_over"]
    assert answer["total"]["state"] == answer["months"][1]["state"] == "not_over"
    assert answer["total"]["losses_kwh"] is None
    for day in answer["days"][:-1]:
        assert day["losses_kwh"] == pytest.approx(LOST_WH_PER_HOUR * 24 / 1000, abs=0.003)
        assert day["losses_inr"] == pytest.approx(day["losses_kwh"] * 8, abs=0.005)
        assert day["losses_percent"] == pytest.approx(
            100 * day["losses_kwh"] / day["main_meter_kwh"], abs=0.005
        )
        assert day["main_meter_kwh"] - day["meters_kwh"] == pytest.approx(day["losses_kwh"])
    two_days = answer["months"][0]
    assert two_days["losses_kwh"] == pytest.approx(
        sum(day["losses_kwh"] for day in answer["days"][:2])
    )


async def test_what_is_missing_is_named(house: Building) -> None:
    """A day before the history, and one with a gap in the records of the main meter."""
    gap = to_ms(midnight(yesterday()) + timedelta(hours=3))
    house.simulated.gaps.append(range(gap, gap + 1))
    answer = await house.ask(
        "get_reconciliation", **{"from": today() - 20 * DAY, "to": yesterday()}
    )
    (meter,) = house.cloud.meters.values()
    assert answer["days"][0]["state"] == "meters_missing"
    assert answer["days"][0]["meters_without_reading"] == [meter.name]
    assert answer["days"][0]["meters_kwh"] is None
    assert answer["days"][0]["main_meter_kwh"] is not None
    assert answer["days"][-1]["state"] == "main_meter_missing"
    assert answer["days"][-1]["main_meter_kwh"] is None
    assert answer["days"][-1]["losses_kwh"] is None
    assert answer["total"]["state"] == "both_missing"


async def test_a_price_that_is_not_known_prices_nothing(prepared: Building) -> None:
    """In the answer; and there is no sensor for it."""
    data = {**prepared.subentry.data, "price_millipaise_per_kwh": None}
    prepared.hass.config_entries.async_update_subentry(prepared.entry, prepared.subentry, data=data)
    assert await prepared.hass.config_entries.async_setup(prepared.entry.entry_id)
    await prepared.settle()
    answer = await prepared.ask("get_reconciliation", **{"from": yesterday(), "to": yesterday()})
    assert answer["total"]["losses_kwh"] is not None
    assert answer["total"]["losses_inr"] is None
    with pytest.raises(AssertionError):
        prepared.state("losses_cost_month")


async def test_days_that_make_no_sense_are_refused(house: Building) -> None:
    """As for the meters' history."""
    for wrong, key in (
        ({"from": today(), "to": yesterday()}, "days_reversed"),
        ({"from": today(), "to": today() + DAY}, "days_in_future"),
        ({"from": today() - 400 * DAY, "to": today()}, "too_many_days"),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await house.ask("get_reconciliation", **wrong)
        assert caught.value.translation_key == key
