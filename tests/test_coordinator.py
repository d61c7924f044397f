"""Each meter is asked when it is its turn, and for no more than is needed."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.qube.const import CONF_READING_INTERVAL, DOMAIN
from custom_components.qube.coordinator import MeterCoordinator
from custom_components.qube.epochs import Epoch
from custom_components.qube.meter_identity import MeterIdentity
from tests.account import Account
from tests.loop_clock import LoopClock
from tests.simulator import Endpoint, Fault, FaultKind, SimulatedCloud, SimulatedMeter

OFFLINE = 7
MINUTE_S = 60
HALF_HOUR_S = 1800


@pytest.fixture
def clock(hass: HomeAssistant, account: Account) -> Iterator[LoopClock]:
    """Return the loop's clock, which can be set forward."""
    with LoopClock(hass) as clock:
        yield clock


async def requests_of(account: Account, clock: LoopClock, seconds: int) -> list[Counter[Endpoint]]:
    """Return what the cloud was asked in each second of a time."""
    per_second = []
    for _ in range(seconds):
        account.forget_requests()
        await clock.advance(1)
        per_second.append(Counter(account.asked))
    return per_second


def requests_for(account: Account, meter: SimulatedMeter) -> list[Endpoint]:
    """Return what the cloud was asked of one meter."""
    return [
        endpoint
        for endpoint, device_id in account.cloud.requests.log
        if device_id == meter.device_id
    ]


async def test_every_meter_is_read_once_a_minute(account: Account, clock: LoopClock) -> None:
    """Within the first minute each has its turn, and from then on in every minute."""
    wanted = {
        meter: Endpoint.METRICS if meter.is_online else Endpoint.DEVICE
        for meter in account.cloud.meters.values()
    }
    # A poll is at most a second late, and this clock one more.
    await clock.run(MINUTE_S + 2)
    for meter, endpoint in wanted.items():
        assert requests_for(account, meter).count(endpoint) >= 1, meter.name
    account.forget_requests()
    await clock.run(5 * MINUTE_S)
    for meter, endpoint in wanted.items():
        assert requests_for(account, meter).count(endpoint) in (4, 5, 6), meter.name


async def test_readings_cost_little_more_than_one_request_each(
    account: Account, clock: LoopClock
) -> None:
    """In half an hour: one request a poll, the details each five minutes, and the spaces."""
    await clock.run(HALF_HOUR_S)
    asked = Counter(account.asked)
    polls = len(account.cloud.meters) * HALF_HOUR_S / MINUTE_S
    online = len(account.cloud.meters) - 1
    assert asked[Endpoint.METRICS] == pytest.approx(online * HALF_HOUR_S / MINUTE_S, rel=0.1)
    assert asked[Endpoint.DEVICE] >= online * (HALF_HOUR_S / 300 - 1)
    assert asked[Endpoint.SPACES] in (5, 6, 7)
    assert asked.total() <= 1.25 * polls
    assert set(asked) == {Endpoint.METRICS, Endpoint.DEVICE, Endpoint.SPACES}


async def test_details_are_read_at_first_and_then_when_they_are_due(
    account: Account, clock: LoopClock
) -> None:
    """The first reading had them; a second one at once has none; in six minutes they come once."""
    meter = account.meter()
    await account.poll(meter)
    assert requests_for(account, meter) == [Endpoint.METRICS]
    account.forget_requests()
    await clock.run(370)
    assert requests_for(account, meter).count(Endpoint.DEVICE) in (1, 2)


async def test_what_the_details_say_arrives_with_them(account: Account, clock: LoopClock) -> None:
    """A reading that only the details have is up to date after five minutes at the latest."""
    meter = account.meter(5)
    before = account.state(meter, "reading_frequency")
    device = account.coordinator(meter).data
    assert device is not None
    await clock.run(370)
    assert before != "unavailable"
    data = account.coordinator(meter).data
    assert data is not None
    assert data.device is not device.device


async def test_a_meter_that_goes_offline_is_asked_for_its_details_at_once(account: Account) -> None:
    """The metrics say that it is offline; its details go on, its live entities do not."""
    meter = account.meter()
    meter.is_online = False
    await account.poll(meter)
    assert requests_for(account, meter) == [Endpoint.METRICS, Endpoint.DEVICE]
    assert account.state(meter, "online") == "off"
    assert account.state(meter, "power") == "unavailable"
    assert account.state(meter, "relay") == "unavailable"
    assert account.state(meter, "mode") == "prepaid"
    assert float(account.state(meter, "balance")) == meter.balance / 100


async def test_an_offline_meter_is_asked_only_for_its_details(account: Account) -> None:
    """Asking for its metrics would only be refused."""
    meter = account.meter(OFFLINE)
    await account.poll(meter)
    await account.poll(meter)
    assert requests_for(account, meter) == [Endpoint.DEVICE, Endpoint.DEVICE]


async def test_a_meter_that_comes_back_is_shown_with_the_next_poll(account: Account) -> None:
    """Details say that it is online, and the metrics follow at once."""
    meter = account.meter(OFFLINE)
    assert account.state(meter, "online") == "off"
    meter.is_online = True
    await account.poll(meter)
    assert requests_for(account, meter) == [Endpoint.DEVICE, Endpoint.METRICS]
    assert account.state(meter, "online") == "on"
    assert account.state(meter, "power") != "unavailable"
    await account.poll(meter)
    assert requests_for(account, meter)[2:] == [Endpoint.METRICS]


async def test_polls_are_spread_over_the_interval(loaded: MockConfigEntry) -> None:
    """By its key each meter has a moment of its own, the same one after each restart."""
    runtime = loaded.runtime_data

    def first_wait(number: int) -> timedelta:
        key = f"QUBE-ONE-{number:012x}"
        epochs = (Epoch(device_id=key),)
        meter = MeterIdentity(key=key, epochs=epochs, name="Room", space_id=123, udfs=())
        wait = MeterCoordinator(runtime.inventory, runtime.identities, meter).update_interval
        assert wait is not None
        return wait

    waits = [first_wait(number) for number in range(1000)]
    # None at all would mean no polling.
    assert min(waits) == timedelta(seconds=1)
    tenths = Counter(int((wait - min(waits)) / timedelta(seconds=6)) for wait in waits)
    assert sorted(tenths) == list(range(10))
    assert all(60 <= count <= 140 for count in tenths.values()), tenths
    assert waits == [first_wait(number) for number in range(1000)]


async def test_polls_do_not_come_in_one_burst(account: Account, clock: LoopClock) -> None:
    """Twelve meters, sixty seconds: no second has more than a few of them."""
    for _ in range(2):
        seconds = await requests_of(account, clock, MINUTE_S)
        assert max(second[Endpoint.METRICS] for second in seconds) <= 4


async def test_after_a_limit_polls_are_still_spread(account: Account, clock: LoopClock) -> None:
    """Who had to wait together does not ask together: that would meet the limit again."""
    account.cloud.faults.add(
        Fault(kind=FaultKind.RATE_LIMITED, endpoint=Endpoint.METRICS, times=1, retry_after=120)
    )
    await requests_of(account, clock, 150)
    seconds = await requests_of(account, clock, 120)
    assert max(second[Endpoint.METRICS] for second in seconds) <= 4


async def test_after_a_limit_nobody_asks_before_its_end(account: Account, clock: LoopClock) -> None:
    """One meter met it, and the whole account waits; after it everybody is read again."""
    account.cloud.faults.add(
        Fault(kind=FaultKind.RATE_LIMITED, endpoint=Endpoint.METRICS, times=1, retry_after=300)
    )
    while account.cloud.faults.active:
        await clock.advance(1)
    account.forget_requests()
    await clock.run(295)
    assert account.asked == []
    assert account.available() == []
    await clock.run(80)
    assert len(account.available()) == len(account.cloud.meters) - 1


@pytest.mark.parametrize("interval_s", [30, 300])
async def test_the_interval_can_be_chosen(
    hass: HomeAssistant, account: Account, interval_s: int
) -> None:
    """The seconds of the option are the seconds between two readings."""
    hass.config_entries.async_update_entry(
        account.entry, options={CONF_READING_INTERVAL: interval_s}
    )
    assert await hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    with LoopClock(hass) as clock:
        await clock.run(interval_s, step=interval_s / 30)
        account.forget_requests()
        await clock.run(6 * interval_s, step=interval_s / 30)
    online = len(account.cloud.meters) - 1
    assert Counter(account.asked)[Endpoint.METRICS] == pytest.approx(6 * online, rel=0.15)


async def test_polling_can_be_turned_off(
    hass: HomeAssistant, account: Account, clock: LoopClock
) -> None:
    """Home Assistant's own switch for it holds: nobody is asked until somebody wants it."""
    hass.config_entries.async_update_entry(account.entry, pref_disable_polling=True)
    await hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    account.forget_requests()
    await clock.run(400, step=10)
    assert account.asked == []


async def test_details_that_were_read_during_a_command_are_not_lost(account: Account) -> None:
    """They are not due again for minutes, so what they say must not be thrown away."""
    meter = account.meter()
    coordinator = account.coordinator(meter)
    coordinator._details_due_at = 0.0
    meter.name = "Terrace"
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, meter, times=1, seconds=0.2)
    poll = account.hass.async_create_task(coordinator.async_refresh())
    while account.cloud.faults.active:
        await account.hass.async_add_executor_job(lambda: None)
    await account.order(meter, "relay", value=False)
    await poll
    await account.poll(meter)
    assert coordinator.name_of_place == "Terrace"


def test_the_population_is_as_these_tests_say(cloud: SimulatedCloud) -> None:
    """One meter of twelve is offline."""
    meters = list(cloud.meters.values())
    assert [meter for meter in meters if not meter.is_online] == [meters[OFFLINE]]


async def test_a_meter_that_cannot_be_read_at_first_shows_all_it_has_later(
    hass: HomeAssistant, entry: MockConfigEntry, cloud: SimulatedCloud
) -> None:
    """Its relay and further readings are known only then, and come by themselves."""
    account = Account(hass=hass, entry=entry, cloud=cloud)
    meter = account.meter(5)
    account.break_down(FaultKind.SERVER_ERROR, Endpoint.DEVICE, meter)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await account.settle()
    assert account.state(meter, "power") == "unavailable"
    registry = er.async_get(hass)
    relay = "switch", DOMAIN, f"{meter.device_id}_relay"
    assert registry.async_get_entity_id(*relay) is None
    cloud.faults.clear()
    await account.poll(meter)
    assert account.state(meter, "power") != "unavailable"
    assert account.state(meter, "relay") == "on"
    assert account.state(meter, "reading_frequency") != "unavailable"
