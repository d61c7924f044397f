"""The logbook tells which meter got which Qube device, on the page of the meter."""

from typing import Any

from homeassistant.components.recorder.core import Recorder
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.components.recorder.common import (
    async_wait_recording_done,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.qube.const import EVENT_METER_REPLACED
from tests.account import Account
from tests.person import Person
from tests.replaced_meter import device_of


@pytest.fixture(autouse=True)
def auto_enable_custom_integrations(
    recorder_mock: Recorder, enable_custom_integrations: None
) -> None:
    """Let Home Assistant find this integration; the recorder has to be there before it."""


class Logbook:
    """What the frontend reads."""

    def __init__(self, account: Account, connect: WebSocketGenerator) -> None:
        """Read from now on."""
        self._account = account
        self._connect = connect
        self._since = dt_util.utcnow()

    async def lines(self, device_id: str | None = None) -> list[tuple[str, str]]:
        """Return the lines of this integration, or of a device's page: name and message."""
        await async_wait_recording_done(self._account.hass)
        client = await self._connect(self._account.hass)
        request = {"type": "logbook/get_events", "start_time": self._since.isoformat()}
        on_page = {"device_ids": [device_id]} if device_id else {}
        await client.send_json_auto_id({**request, **on_page})
        answer: dict[str, Any] = await client.receive_json()
        assert answer["success"], answer
        return [
            (line["name"], line["message"])
            for line in answer["result"]
            if line.get("domain") == "qube"
        ]


@pytest.fixture
async def logbook(account: Account, hass_ws_client: WebSocketGenerator) -> Logbook:
    """Return the logbook of an account."""
    assert await async_setup_component(account.hass, "logbook", {})
    return Logbook(account, hass_ws_client)


async def test_a_replacement_and_its_undoing_are_lines(
    account: Account, logbook: Logbook, person: Person
) -> None:
    """Under the name that a person gave the meter."""
    old = account.meter()
    device = device_of(account, old.device_id)
    dr.async_get(account.hass).async_update_device(device.id, name_by_user="My room")
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    replaced = f"got the Qube device {new.device_id} in the place of {old.device_id}"
    assert await logbook.lines(device.id) == [("My room", replaced)]
    await person.open(f"meter_replaced_{old.device_id}")
    await person.choose("undo")
    undone = f"has the Qube device {old.device_id} again, and {new.device_id} is a meter of its own"
    assert await logbook.lines(device.id) == [("My room", replaced), ("My room", undone)]


async def test_a_meter_that_is_there_no_more_has_a_line_all_the_same(
    account: Account, logbook: Logbook
) -> None:
    """Without a name, which went with it."""
    old = account.meter()
    device = device_of(account, old.device_id)
    new = account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    account.cloud.remove_meter(new.device_id)
    for _ in range(3):
        await account.poll_spaces()
    assert dr.async_get(account.hass).async_get(device.id) is None
    lines = await logbook.lines()
    assert [name for name, _ in lines] == ["Meter"]


async def test_an_event_names_no_person(account: Account) -> None:
    """Names of meters may be those of tenants; they are looked up when the line is shown."""
    old = account.meter()
    old.name = "A tenant"
    events = async_capture_events(account.hass, EVENT_METER_REPLACED)
    account.cloud.replace_meter(old.device_id)
    await account.poll_spaces()
    assert len(events) == 1
    assert "A tenant" not in str(events[0].data)
