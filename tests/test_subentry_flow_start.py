"""From which reading a tenant pays: that of now, or the one that closed the day before a past day.

Each is compared with the simulator's truth.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.util import dt as dt_util
import pytest

from custom_components.qube.billing.models import Opening, Plan, Rates as BillingRates, Reading
from custom_components.qube.const import INDIA
from custom_components.qube.days import today
from custom_components.qube.register import Register
from custom_components.qube.tenancy_terms import terms_of
from tests.account import Account
from tests.history_account import DAY, midnight
from tests.move_in import NOW, PREPAID, RATES, USE_IT, MoveIn
from tests.replaced_meter import identities
from tests.simulator import Endpoint, FaultKind, Mode, SimulatedMeter
from tests.simulator.payloads import history_json
from tests.simulator.protocol import Json

pytestmark = pytest.mark.usefixtures("own_storage")

MEASUREMENT = 4
OFFLINE = 7
NULLS = 8
QUARTER = timedelta(minutes=15)
SECOND = timedelta(seconds=1)


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter in measurement mode."""
    return account.meter(MEASUREMENT)


def since(day: date) -> dict[str, str]:
    """Return what is entered for a past day."""
    return {"start": "day", "day": day.isoformat()}


def true_wh(meter: SimulatedMeter, time: datetime) -> int:
    """Return what the simulated register showed at a time."""
    return meter.register.wh_at(int(time.timestamp() * 1000))


def ms(time: datetime) -> int:
    """Return a time as the simulator counts it."""
    return int(time.timestamp() * 1000)


async def opened(move_in: MoveIn) -> Reading:
    """Take the reading that is offered, go on to the end, and return what the subentry holds."""
    assert move_in.step == "opening", move_in.errors
    shown = move_in.result["description_placeholders"]
    assert shown is not None
    await move_in.submit(USE_IT)
    await move_in.submit(RATES)
    await move_in.submit(PREPAID)
    if not move_in.is_done:
        # The meter is offline, and its mode is left as it is.
        await move_in.submit({"measurement": False})
    terms = terms_of(move_in.tenancies[-1].data)
    assert terms.started_at == terms.opened.read_at
    assert Decimal(shown["reading"]) * 1000 == terms.opened.register_wh
    assert shown["time"] == f"{terms.opened.read_at.astimezone(INDIA):%Y-%m-%d %H:%M}"
    assert shown["device_id"] == terms.opened.device_id
    return terms.opened


async def test_now_is_read_anew(account: Account, move_in: MoveIn, meter: SimulatedMeter) -> None:
    """Not what the last poll showed, perhaps minutes ago."""
    meter.relay_closed = False
    meter.energy_wh += 321
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert reading.register_wh == reading.total_wh == meter.energy_wh
    assert dt_util.utcnow() - reading.read_at < timedelta(minutes=1)
    assert reading.source is not None


async def test_the_total_goes_over_all_registers(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """What was reset counts on in the total; the bill shows what the device shows."""
    meter.relay_closed = False
    await account.poll(meter)
    before = meter.energy_wh
    meter.energy_wh = 0
    await account.poll(meter)
    await account.coordinator(meter).async_accept_register()
    meter.energy_wh = 150
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert (reading.register_wh, reading.total_wh) == (150, before + 150)


@pytest.mark.parametrize("days_ago", [0, 1, 12, 40])
async def test_a_past_day_begins_with_the_reading_that_closed_the_day_before(
    account: Account, move_in: MoveIn, meter: SimulatedMeter, days_ago: int
) -> None:
    """The tenant pays all of the first day, and nothing of the last day before."""
    day = today() - days_ago * DAY
    await move_in.to_start(meter)
    account.forget_requests()
    await move_in.submit(since(day))
    assert account.asked == [Endpoint.HISTORY]
    reading = await opened(move_in)
    assert reading.read_at == midnight(day)
    assert reading.register_wh == true_wh(meter, midnight(day) - SECOND)
    assert reading.source is None


async def test_an_offline_meter_begins_with_the_last_it_told_the_cloud(
    account: Account, move_in: MoveIn
) -> None:
    """Home Assistant has never read it; its history has the last quarter of an hour."""
    meter = account.meter(OFFLINE)
    meter.mode = Mode.POSTPAID
    await account.poll(meter)
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert reading.register_wh == true_wh(meter, reading.read_at)
    assert (reading.read_at + SECOND).astimezone(INDIA).minute % 15 == 0
    assert dt_util.utcnow() - reading.read_at < 2 * QUARTER


async def test_an_offline_meter_begins_with_the_last_poll_where_that_is_younger(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The history has a row a quarter of an hour; the poll was just now."""
    polled = account.coordinator(meter).register_guard.last
    assert polled is not None
    meter.is_online = False
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert (reading.register_wh, reading.read_at) == (polled.energy_wh, polled.read_at)


async def test_an_offline_meter_begins_with_what_was_recorded_since_the_last_poll(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Home Assistant was off for some hours, and found the meter offline when it came back."""
    hours_ago = dt_util.utcnow() - timedelta(hours=5)
    meter.is_online = False
    account.coordinator(meter).register_guard.last = Register(
        energy_wh=true_wh(meter, hours_ago), read_at=hours_ago
    )
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert reading.read_at > dt_util.utcnow() - 2 * QUARTER
    assert reading.register_wh == true_wh(meter, reading.read_at)


async def test_a_meter_without_any_reading_can_begin_later(
    account: Account, move_in: MoveIn
) -> None:
    """Nothing was ever read and nothing was recorded for a week; then it is online again."""
    meter = account.meter(OFFLINE)
    now = dt_util.utcnow()
    meter.history_gaps = [range(ms(now - 9 * DAY), ms(now + DAY))]
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    assert move_in.errors == {"base": "no_reading_now"}
    meter.is_online = True
    await move_in.submit(NOW)
    assert move_in.step == "opening"


async def test_a_meter_that_shows_no_energy_cannot_begin_now(
    account: Account, move_in: MoveIn
) -> None:
    """Nothing is guessed; once it shows some, it goes on."""
    meter = account.meter(NULLS)
    meter.null_fields = {"energy"}
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    assert move_in.errors == {"base": "no_reading_now"}
    meter.null_fields = set()
    await move_in.submit(NOW)
    assert move_in.step == "opening"


async def test_a_register_that_is_held_back_cannot_begin_now(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Its owner has to say first which is true."""
    meter.relay_closed = False
    await account.poll(meter)
    true = meter.energy_wh
    meter.energy_wh = 12
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    assert move_in.errors == {"base": "no_reading_now"}
    meter.energy_wh = true
    await move_in.submit(NOW)
    assert move_in.step == "opening"


async def test_what_a_register_counted_is_unknown_until_it_is_read(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """A register that began anew counts from nobody knows where: the last one before it holds."""
    hours_ago = dt_util.utcnow() - timedelta(hours=5)
    last = Register(energy_wh=true_wh(meter, hours_ago), read_at=hours_ago)
    identities(account).set_register(meter.device_id, last)
    identities(account).begin_register(meter.device_id)
    meter.is_online = False
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    reading = await opened(move_in)
    assert hours_ago - QUARTER < reading.read_at <= hours_ago
    assert reading.register_wh == true_wh(meter, reading.read_at)


@pytest.mark.parametrize(
    ("entered", "errors"),
    [
        ({"start": "day"}, {"day": "day_missing"}),
        (since(today() + DAY), {"day": "day_in_future"}),
        (since(date(2001, 1, 1)), {"base": "no_reading_that_day"}),
    ],
    ids=["no day", "tomorrow", "before there was a meter"],
)
async def test_a_day_that_cannot_be_is_refused(
    move_in: MoveIn, meter: SimulatedMeter, entered: dict[str, str], errors: dict[str, str]
) -> None:
    """What was entered stays, and another day leads on."""
    await move_in.to_start(meter)
    await move_in.submit(entered)
    assert move_in.errors == errors
    assert move_in.suggested("start") == "day"
    assert move_in.suggested("day") == entered.get("day")
    await move_in.submit(since(today()))
    assert move_in.step == "opening"


async def test_an_evening_that_was_not_recorded_is_no_beginning(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """The reading of another day would charge somebody else's use."""
    day = today() - 3 * DAY
    meter.history_gaps = [range(ms(midnight(day)) - 60_000, ms(midnight(day)))]
    await move_in.to_start(meter)
    await move_in.submit(since(day))
    assert move_in.errors == {"base": "no_reading_that_day"}
    await move_in.submit(since(day + DAY))
    reading = await opened(move_in)
    assert reading.read_at == midnight(day + DAY)


@pytest.mark.parametrize("wrong_kwh", [0.0, 900_000.0], ids=["a zero", "a spike"])
async def test_a_reading_that_cannot_be_is_no_beginning(
    account: Account, move_in: MoveIn, meter: SimulatedMeter, wrong_kwh: float
) -> None:
    """Its neighbours, and what was polled, tell that it is wrong."""
    day = today()
    answer = history_json(meter, "energy", day - 7 * DAY, day, "1d")
    rows = answer["readings"]
    assert isinstance(rows, list)
    assert isinstance(rows[-1], dict)
    assert str(rows[-1]["timestamp"]).startswith((day - DAY).isoformat())
    rows[-1]["value"] = wrong_kwh
    account.answer_once(Endpoint.HISTORY, meter, answer)
    await move_in.to_start(meter)
    await move_in.submit(since(day))
    assert move_in.errors == {"base": "no_reading_that_day"}
    await move_in.submit(since(day))
    assert move_in.step == "opening"


async def test_a_row_of_the_future_is_no_reading(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """An interval that still runs has not been read."""
    now = dt_util.utcnow()
    meter.is_online = False
    answer = history_json(meter, "energy", today() - DAY, today(), "15m")
    rows = answer["readings"]
    assert isinstance(rows, list)
    future: Json = {
        "property_id": "energy",
        "value": meter.energy_wh / 1000 + 1,
        "unit": "kWh",
        "timestamp": (now + timedelta(minutes=10)).astimezone(INDIA).isoformat(),
    }
    account.answer_once(Endpoint.HISTORY, meter, {**answer, "readings": [*rows, future]})
    await move_in.to_start(meter)
    await move_in.submit(NOW)
    assert (await opened(move_in)).read_at <= now


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.DROP, "cannot_connect"),
        (FaultKind.HTML_200, "not_qube_api"),
        (FaultKind.ERROR, "refused"),
        (FaultKind.RATE_LIMITED, "rate_limited"),
        (FaultKind.UNAUTHORIZED, "key_rejected"),
    ],
)
async def test_a_fault_of_the_cloud_is_named_and_can_be_got_over(
    account: Account, move_in: MoveIn, meter: SimulatedMeter, kind: FaultKind, error: str
) -> None:
    """The form stays with what was entered; a key that is refused is asked for again."""
    await move_in.to_start(meter)
    account.break_down(kind, Endpoint.HISTORY)
    await move_in.submit(since(today()))
    assert move_in.errors == {"base": error}
    assert move_in.suggested("day") == today().isoformat()
    flows = account.hass.config_entries.flow.async_progress()
    asked = [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]
    assert bool(asked) == (error == "key_rejected")
    account.cloud.faults.clear()
    account.inventory.client._transport._not_before = 0.0
    await move_in.submit(since(today()))
    assert move_in.step == "opening"


async def test_another_start_can_be_chosen(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Whoever does not believe the reading goes back, and finds what was entered."""
    await move_in.to_start(meter)
    await move_in.submit(since(today()))
    await move_in.submit({"next_step_id": "start"})
    assert (move_in.step, move_in.errors) == ("start", {})
    assert move_in.suggested("day") == today().isoformat()
    await move_in.submit(NOW)
    assert (await opened(move_in)).read_at > midnight(today())


async def charge_somebody(account: Account, meter: SimulatedMeter, reading: Reading) -> None:
    """Let a tenant of before have been charged up to a reading, and have moved out."""
    opening = Opening(
        tenancy_id="before",
        tenant="Ravi",
        meter_key=meter.device_id,
        meter_name=meter.name,
        plan=Plan.PREPAID,
        opened=reading,
        rates=BillingRates(
            valid_from=reading.read_at, eb_millipaise_per_kwh=0, dg_millipaise_per_kwh=0
        ),
    )
    books = account.entry.runtime_data.books
    await books.async_open()
    now = datetime.now(UTC)
    await books.async_run(lambda ledger: ledger.open_tenancy(opening, now=now))
    await books.async_run(lambda ledger: ledger.close_tenancy("before", closed_at=reading.read_at))


async def test_what_a_tenant_of_before_was_charged_is_not_charged_again(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """A start before that is refused; the time from when on it can be is told."""
    evening = midnight(today() - DAY) - SECOND
    reading = Reading(
        total_wh=true_wh(meter, evening),
        read_at=evening,
        device_id=meter.device_id,
        register_wh=true_wh(meter, evening),
    )
    await charge_somebody(account, meter, reading)
    await move_in.to_start(meter)
    await move_in.submit(since(today() - 2 * DAY))
    assert move_in.errors == {"base": "used_by_last_tenant"}
    assert move_in.result["description_placeholders"] == {
        "time": f"{evening.astimezone(INDIA):%Y-%m-%d %H:%M}"
    }
    await move_in.submit(since(today() - DAY))
    assert (await opened(move_in)).total_wh == reading.total_wh


async def test_tenants_of_other_meters_do_not_matter(
    account: Account, move_in: MoveIn, meter: SimulatedMeter
) -> None:
    """Each meter has its own register."""
    other = account.meter()
    reading = Reading(
        total_wh=10**9, read_at=dt_util.utcnow(), device_id=other.device_id, register_wh=10**9
    )
    await charge_somebody(account, other, reading)
    await move_in.to_start(meter)
    await move_in.submit(since(today()))
    assert move_in.step == "opening"
