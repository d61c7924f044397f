"""A person can remove a device, once the cloud no longer lists it."""

from typing import Any

from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.qube.devices import meter_identifier, space_identifier
from tests.account import Account, until
from tests.simulator import Endpoint, FaultKind


class Hand:
    """A person at the button that removes a device."""

    def __init__(self, account: Account, hass_ws_client: WebSocketGenerator) -> None:
        """Act on one account."""
        self._account = account
        self._connect = hass_ws_client

    def device(self, identifier: tuple[str, str]) -> dr.DeviceEntry | None:
        """Return a device."""
        registry = dr.async_get(self._account.hass)
        return registry.async_get_device_by_identifier(identifier, self._account.entry.entry_id)

    async def remove(self, identifier: tuple[str, str]) -> dict[str, Any]:
        """Press the button, and return what comes of it."""
        device = self.device(identifier)
        assert device is not None
        client = await self._connect(self._account.hass)
        answer = await client.remove_device(device.id)
        await self._account.settle()
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
async def hand(account: Account, hass_ws_client: WebSocketGenerator) -> Hand:
    """Return a person at the account's devices."""
    assert await async_setup_component(account.hass, "config", {})
    return Hand(account, hass_ws_client)


async def test_what_is_listed_cannot_be_removed(account: Account, hand: Hand) -> None:
    """It would come back with the next list."""
    space = next(iter(account.cloud.spaces.values()))
    for identifier in (
        meter_identifier(account.meter().device_id),
        space_identifier(space.space_id),
    ):
        answer = await hand.remove(identifier)
        assert not answer["success"]
        assert "rejected by integration" in answer["error"]["message"]
        assert hand.device(identifier) is not None
    assert account.meter() in account.available()


async def test_a_vanished_meter_can_be_removed_and_is_forgotten(
    account: Account, hand: Hand
) -> None:
    """One list without it is enough where a person says so."""
    meter = account.meter()
    identifier = meter_identifier(meter.device_id)
    account.cloud.remove_meter(meter.device_id)
    await account.poll_spaces()
    assert (await hand.remove(identifier))["success"]
    assert hand.device(identifier) is None
    assert len(account.coordinators) == 11
    assert meter.device_id not in account.entry.runtime_data.identities.keys


async def test_a_vanished_space_can_be_removed(account: Account, hand: Hand) -> None:
    """And its meters too, one by one."""
    space = next(iter(account.cloud.spaces.values()))
    account.cloud.remove_space(space.space_id)
    await account.poll_spaces()
    for identifier in (
        space_identifier(space.space_id),
        *(meter_identifier(device_id) for device_id in space.meters),
    ):
        assert (await hand.remove(identifier))["success"]
        assert hand.device(identifier) is None


async def test_what_was_removed_by_hand_and_comes_back_is_shown(
    account: Account, hand: Hand
) -> None:
    """It is a new meter then."""
    meter, space = account.meter(), next(iter(account.cloud.spaces.values()))
    identifier = meter_identifier(meter.device_id)
    del space.meters[meter.device_id]
    await account.poll_spaces()
    assert (await hand.remove(identifier))["success"]
    space.meters[meter.device_id] = meter
    await account.poll_spaces()
    assert hand.device(identifier) is not None
    assert meter in account.available()


async def test_a_reading_under_way_survives_the_removal(
    account: Account, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    """Its answer comes for a meter that is forgotten by then."""
    meter, space = account.meter(), next(iter(account.cloud.spaces.values()))
    del space.meters[meter.device_id]
    await account.poll_spaces()
    account.break_down(FaultKind.LATENCY, Endpoint.METRICS, meter, seconds=0.3)
    account.forget_requests()
    reading = account.hass.async_create_task(account.coordinator(meter).async_refresh())
    await until(lambda: account.asked)
    assert (await hand.remove(meter_identifier(meter.device_id)))["success"]
    await reading
    assert "Unexpected error" not in caplog.text
    assert "KeyError" not in caplog.text


async def test_nothing_is_removed_while_the_account_is_not_loaded(
    account: Account, hand: Hand
) -> None:
    """Nobody knows then whether the cloud lists it; the person is told, without a traceback."""
    assert await account.hass.config_entries.async_unload(account.entry.entry_id)
    identifier = meter_identifier(account.meter().device_id)
    answer = await hand.remove(identifier)
    assert not answer["success"]
    assert "rejected by integration" in answer["error"]["message"]
    assert hand.device(identifier) is not None
