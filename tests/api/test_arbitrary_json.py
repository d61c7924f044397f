"""Of an arbitrary answer comes a QubeError, or what can be kept, and nothing else."""

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
import json

from aiohttp import ClientSession
from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from custom_components.qube.api import (
    Device,
    DeviceSummary,
    HistoryReading,
    Metrics,
    PropertyReading,
    QubeClient,
    QubeError,
    Space,
    Wifi,
)
from custom_components.qube.api.history import energy_from_json, history_from_json
from custom_components.qube.api.parsing import Json

from .calls import CALLS, Call, Target
from .servers import API_KEY, Scripted

# What the vendor sends, so that nonsense is also met deep inside.
KEYS = (
    "success", "data", "error", "code", "detail", "space_id", "name", "description", "tags",
    "devices", "device_id", "active_mode", "udf1", "udf5", "space", "id", "balance",
    "has_relay", "is_online", "readings", "property_id", "context_type", "value", "unit",
    "eb_tariff", "dg_tariff", "active_tariff", "energy", "active_power", "voltage",
    "relay_state", "mode", "pg_enabled", "timestamp", "ssid", "password", "rssi", "type"
)  # fmt: skip
WORDS = ("prepaid", "RELAY_OFF", "2025-01-01T23:59:59+05:30", "0001-01-01T00:00:00+23:59", "Q-1")

# Half characters are in it too: JSON can write them.
texts = st.text(st.characters(), max_size=8) | st.sampled_from(WORDS)
numbers = st.integers() | st.floats() | st.sampled_from([0, 1, 2, 10**400, -1, 1461.8])
anything: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=8)
    ),
    max_leaves=25,
)
objects = st.dictionaries(st.sampled_from(KEYS), anything, max_size=12)
envelopes = st.fixed_dictionaries({"success": st.booleans(), "data": anything, "error": anything})
bodies = st.binary(max_size=60) | (anything | envelopes).map(lambda body: json.dumps(body).encode())
statuses = st.sampled_from([200, 200, 200, 201, 302, 400, 401, 403, 404, 409, 500, 503])


def assert_can_be_kept(result: object) -> None:
    """Fail where a file or a database could not hold a result: NaN, or half a character."""
    for part in result if isinstance(result, list) else [result]:
        plain = asdict(part) if is_dataclass(part) and not isinstance(part, type) else part
        json.dumps(plain, allow_nan=False, ensure_ascii=False, default=str).encode()


@pytest.mark.parametrize(
    "parse",
    [
        Space.from_json,
        DeviceSummary.from_json,
        PropertyReading.from_json,
        HistoryReading.from_json,
        Wifi.from_json,
        lambda data: Device.from_json(data, "Q-1"),
        lambda data: Metrics.from_json(data, "Q-1"),
        lambda data: history_from_json(data, "Q-1"),
        lambda data: [*energy_from_json(data, "Q-1").values()],
    ],
)
@given(data=objects | anything)
@settings(deadline=None)
def test_a_model_is_made_or_a_qube_error(parse: Callable[[Json], object], data: Json) -> None:
    """Parsing knows no other outcome."""
    try:
        result = parse(data)
    except QubeError:
        return
    assert_can_be_kept(result)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.endpoint)
@given(body=bodies, status=statuses)
@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_call_returns_or_raises_a_qube_error(
    scripted: Scripted, session: ClientSession, call: Call, body: bytes, status: int
) -> None:
    """Whatever a server says, over real HTTP."""
    scripted.body, scripted.status = body, status
    client = QubeClient(session, API_KEY, scripted.url)
    try:
        result = await call.run(client, Target(space_id=5, device_id="Q-1"))
    except QubeError:
        return
    assert_can_be_kept(result)
