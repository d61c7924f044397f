"""Whatever goes wrong at one endpoint hurts one meter, and is over with the next poll."""

from aiohttp import ClientTimeout
from homeassistant.config_entries import SOURCE_REAUTH
import pytest

from custom_components.qube.api import transport
from tests.account import Account, trouble_in
from tests.simulator import Endpoint, ErrorCode, Fault, FaultKind, SimulatedMeter
from tests.simulator.payloads import device_json, metrics_json
from tests.simulator.protocol import Json

FAILURES = [
    Fault(kind=FaultKind.DROP),
    Fault(kind=FaultKind.ANSWER_LOST),
    Fault(kind=FaultKind.TRUNCATION),
    Fault(kind=FaultKind.HTML_200),
    Fault(kind=FaultKind.HTML_200, body=""),
    Fault(kind=FaultKind.HTML_200, body="[" * 100_000),
    Fault(kind=FaultKind.PROXY_403),
    Fault(kind=FaultKind.SERVER_ERROR),
    Fault(kind=FaultKind.SERVER_ERROR, status=503, is_json=True),
    Fault(kind=FaultKind.FAILURE_200),
    Fault(kind=FaultKind.ERROR, code=ErrorCode.DEVICE_NOT_FOUND),
    Fault(kind=FaultKind.ERROR, code=ErrorCode.NOT_YOUR_SPACE),
    Fault(kind=FaultKind.REDIRECT),
    Fault(kind=FaultKind.OVERSIZED),
    Fault(kind=FaultKind.WRONG_TYPES, data=None),
    Fault(kind=FaultKind.WRONG_TYPES, data=True),
    Fault(kind=FaultKind.WRONG_TYPES, data="a text"),
]
REJECTIONS = [FaultKind.UNAUTHORIZED, FaultKind.AUTH_ERROR_200]


def name_of(fault: Fault) -> str:
    """Return a test's name for a fault."""
    details = {FaultKind.ERROR: fault.code, FaultKind.WRONG_TYPES: repr(fault.data)}
    return f"{fault.kind}-{details.get(fault.kind, fault.status)}"


def strike(account: Account, fault: Fault, endpoint: Endpoint, meter: SimulatedMeter) -> None:
    """Let a fault strike at an endpoint of one meter, its details being due."""
    account.coordinator(meter)._details_due_at = 0.0
    device_id = None if endpoint is Endpoint.SPACES else meter.device_id
    account.cloud.faults.add(
        Fault(
            kind=fault.kind,
            endpoint=endpoint,
            device_id=device_id,
            status=fault.status,
            is_json=fault.is_json,
            code=fault.code,
            body=fault.body,
            data=fault.data,
        )
    )


def spaces_are_read(account: Account) -> bool:
    """Return whether the list of spaces could be read the last time."""
    return account.inventory.last_update_success


def reauthentications(account: Account) -> int:
    """Return how many flows ask for a new key."""
    flows = account.hass.config_entries.flow.async_progress()
    return sum(flow["context"]["source"] == SOURCE_REAUTH for flow in flows)


@pytest.mark.parametrize("endpoint", [Endpoint.METRICS, Endpoint.DEVICE])
@pytest.mark.parametrize("fault", FAILURES, ids=name_of)
async def test_a_fault_at_one_meter_hurts_only_that_meter(
    account: Account, fault: Fault, endpoint: Endpoint
) -> None:
    """Its entities are unavailable, all others go on, and the next poll brings it back."""
    meter = account.meter()
    usual = account.available()
    strike(account, fault, endpoint, meter)
    await account.poll()
    assert account.available() == [each for each in usual if each is not meter]
    assert account.state(meter, "online") == account.state(meter, "mode") == "unavailable"
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.available() == usual
    assert reauthentications(account) == 0


@pytest.mark.parametrize(
    "fault", [*FAILURES, Fault(kind=FaultKind.WRONG_TYPES, data=[])], ids=name_of
)
async def test_a_fault_of_the_list_of_spaces_hurts_no_meter(account: Account, fault: Fault) -> None:
    """What is known of the spaces stays; all meters are read as before."""
    usual = account.available()
    strike(account, fault, Endpoint.SPACES, account.meter())
    for _ in range(4):
        await account.poll_spaces()
    assert not spaces_are_read(account)
    await account.poll()
    assert account.available() == usual
    account.cloud.faults.clear()
    await account.poll_spaces()
    assert spaces_are_read(account)
    assert len(account.coordinators) == len(account.cloud.meters)
    assert reauthentications(account) == 0


async def test_spaces_of_wrong_types_remove_nothing(account: Account) -> None:
    """A list of spaces whose devices cannot be read does not say that the devices are gone."""
    usual = account.available()
    account.break_down(FaultKind.WRONG_TYPES, Endpoint.SPACES)
    for _ in range(4):
        await account.poll_spaces()
    await account.poll()
    assert account.available() == usual


@pytest.mark.parametrize("endpoint", [Endpoint.METRICS, Endpoint.DEVICE])
async def test_a_meter_that_does_not_answer_in_time_is_unavailable(
    account: Account, monkeypatch: pytest.MonkeyPatch, endpoint: Endpoint
) -> None:
    """The wait has an end, and the other meters do not wait along."""
    monkeypatch.setattr(transport, "TIMEOUT", ClientTimeout(total=0.3))
    meter = account.meter()
    usual = account.available()
    account.coordinator(meter)._details_due_at = 0.0
    account.break_down(FaultKind.LATENCY, endpoint, meter, seconds=1)
    await account.poll()
    assert account.available() == [each for each in usual if each is not meter]
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.available() == usual


async def test_the_answer_of_another_meter_is_not_taken(account: Account) -> None:
    """A cloud that mixes up its answers must not mix up the meters."""
    meter, other = account.meter(0), account.meter(1)
    account.answer_once(Endpoint.METRICS, meter, metrics_json(other))
    await account.poll(meter)
    assert account.state(meter, "energy") == "unavailable"


@pytest.mark.parametrize("endpoint", [Endpoint.METRICS, Endpoint.DEVICE])
@pytest.mark.parametrize("kind", REJECTIONS)
async def test_one_meter_that_rejects_a_good_key_asks_for_no_other(
    account: Account, kind: FaultKind, endpoint: Endpoint
) -> None:
    """The spaces can be read with the key, so it is good: only the meter is unavailable."""
    meter = account.meter()
    usual = account.available()
    strike(account, Fault(kind=kind), endpoint, meter)
    for _ in range(3):
        await account.poll()
    assert account.available() == [each for each in usual if each is not meter]
    assert reauthentications(account) == 0
    account.cloud.faults.clear()
    await account.poll(meter)
    assert account.available() == usual


async def test_a_rejected_key_is_asked_for_once_and_used_no_more(account: Account) -> None:
    """All meters are unavailable, and the cloud is left alone until there is another key."""
    account.cloud.api_key = "another-key"
    await account.poll()
    assert account.available() == []
    assert reauthentications(account) == 1
    account.forget_requests()
    await account.poll()
    assert account.asked == []
    assert reauthentications(account) == 1


@pytest.mark.parametrize("kind", REJECTIONS)
async def test_spaces_that_reject_the_key_ask_for_another(
    account: Account, kind: FaultKind
) -> None:
    """The API itself says so, for the account."""
    account.break_down(kind, Endpoint.SPACES)
    await account.poll_spaces()
    assert reauthentications(account) == 1


async def test_a_proxys_page_never_asks_for_a_key(account: Account) -> None:
    """A 403 that the API did not write says nothing of the key, wherever it comes."""
    account.break_down(FaultKind.PROXY_403)
    for _ in range(3):
        await account.poll()
        await account.poll_spaces()
    assert account.available() == []
    assert reauthentications(account) == 0
    account.cloud.faults.clear()
    await account.poll()
    assert len(account.available()) == 11


WRONG: list[Json] = [None, "NaN", "", [], {}, [1, 2], {"value": 1}, 1e308, -1e308]
METRICS_FIELDS = {
    "energy": {"energy"},
    "active_power": {"power"},
    "voltage": {"voltage"},
    "balance": {"balance"},
    "eb_tariff": {"eb_tariff", "price"},
    "dg_tariff": {"dg_tariff", "price"},
    "active_tariff": {"active_tariff", "price"},
    "mode": {"mode"},
    "relay_state": {"relay"},
    "pg_enabled": {"payment_gateway"},
}
DETAILS_FIELDS = {
    "is_online": {"online"},
    "has_relay": set[str](),
    "name": set[str](),
    "description": set[str](),
    "space": set[str](),
    "tags": set[str](),
    "udf1": set[str](),
    "active_mode": set[str](),
    "balance": set[str](),
    "readings": {"reading_current", "reading_frequency"},
}
SHOWN = (set[str]().union(*METRICS_FIELDS.values()) | {"online", "reading_current"}) | {
    "reading_frequency"
}


@pytest.mark.parametrize("field", METRICS_FIELDS)
async def test_a_wrong_metric_is_unknown_and_the_rest_is_used(
    account: Account, caplog: pytest.LogCaptureFixture, field: str
) -> None:
    """No crash, no line in the log, no other entity touched."""
    meter = account.meter(5)
    numeric: list[Json] = (
        [True, -1] if field not in ("balance", "relay_state", "pg_enabled") else []
    )
    for wrong in WRONG + numeric:
        account.answer_once(Endpoint.METRICS, meter, {**metrics_json(meter), field: wrong})
        await account.poll(meter)
        unknown = {key for key in SHOWN if account.state(meter, key) == "unknown"}
        assert unknown - {"price"} == METRICS_FIELDS[field] - {"price"}, wrong
    assert trouble_in(caplog) == []
    await account.poll(meter)
    assert {account.state(meter, key) for key in SHOWN}.isdisjoint({"unknown", "unavailable"})


@pytest.mark.parametrize("field", DETAILS_FIELDS)
async def test_a_wrong_detail_is_unknown_and_the_rest_is_used(
    account: Account, caplog: pytest.LogCaptureFixture, field: str
) -> None:
    """The relay of a meter is not taken away either because a detail cannot be read."""
    meter = account.meter(5)
    for wrong in WRONG:
        details = {**device_json(account.cloud, meter), field: wrong}
        account.answer_once(Endpoint.DEVICE, meter, details)
        account.coordinator(meter)._details_due_at = 0.0
        await account.poll(meter)
        unknown = {key for key in SHOWN if account.state(meter, key) == "unknown"}
        assert unknown == DETAILS_FIELDS[field], wrong
    assert trouble_in(caplog) == []


@pytest.mark.parametrize(("field", "key"), [("active_mode", "mode"), ("balance", "balance")])
async def test_a_wrong_detail_of_an_offline_meter_is_unknown(
    account: Account, field: str, key: str
) -> None:
    """Offline these come from the details."""
    meter = account.meter(7)
    for wrong in WRONG:
        details = {**device_json(account.cloud, meter), field: wrong}
        account.answer_once(Endpoint.DEVICE, meter, details)
        await account.poll(meter)
        assert account.state(meter, key) == "unknown", wrong
        assert account.state(meter, "online") == "off"
    await account.poll(meter)
    assert account.state(meter, key) != "unknown"
