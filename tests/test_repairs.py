"""What the owner answers to the question about a register, through Home Assistant's repairs."""

from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.odd_register import energy, poll_odd, question, standing_meter
from tests.simulator import SimulatedMeter

FIX = "/api/repairs/issues/fix"


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter whose register stands still."""
    return standing_meter(account)


class Person:
    """Somebody who goes through a repair in the frontend."""

    def __init__(self, account: Account, client: TestClient[web.Request, web.Application]) -> None:
        """Use an authenticated client."""
        self._account = account
        self._client = client
        self._flow_id = ""

    async def open(self, meter: SimulatedMeter) -> dict[str, Any]:
        """Open the repair of a meter and return the form."""
        data = {"handler": DOMAIN, "issue_id": f"register_{meter.device_id}"}
        response = await self._client.post(FIX, json=data)
        assert response.status == HTTPStatus.OK
        form: dict[str, Any] = await response.json()
        self._flow_id = form["flow_id"]
        return form

    async def confirm(self) -> dict[str, Any]:
        """Submit the form and return the result."""
        response = await self._client.post(f"{FIX}/{self._flow_id}", json={})
        assert response.status == HTTPStatus.OK
        await self._account.settle()
        result: dict[str, Any] = await response.json()
        return result


@pytest.fixture
async def person(account: Account, hass_client: ClientSessionGenerator) -> Person:
    """Return somebody who can repair."""
    assert await async_setup_component(account.hass, "repairs", {})
    return Person(account, await hass_client())


async def test_what_the_owner_confirms_is_the_new_register(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """Energy goes on from there at once, with the next readings, and after a restart."""
    await account.poll(meter)
    meter.energy_wh = 2_500
    await poll_odd(account, meter)
    form = await person.open(meter)
    assert form["type"] == "form"
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {
        "meter": f"{meter.name} (Lakshmi Residency)",
        "good": "1461.800",
        "held": "2.500",
    }
    assert energy(account, meter) == 1461.8
    assert (await person.confirm())["type"] == "create_entry"
    assert question(account, meter) is None
    assert energy(account, meter) == 2.5
    meter.energy_wh = 2_600
    await account.poll(meter)
    assert energy(account, meter) == 2.6
    await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 2.6
    assert question(account, meter) is None


async def test_a_repair_that_is_only_opened_changes_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """Reading the question is no answer."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(meter)
    await account.poll(meter)
    assert energy(account, meter) == 1461.8
    assert question(account, meter) is not None


async def test_a_confirmation_after_the_register_came_back_changes_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """The form was open while the register recovered."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(meter)
    meter.energy_wh = 1_461_900
    await account.poll(meter)
    await person.confirm()
    assert energy(account, meter) == 1461.9


async def test_a_repair_of_an_account_that_is_not_loaded_accepts_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """There is nobody to tell; the register is held back again afterwards."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(meter)
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    await person.confirm()
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.8


async def test_a_repair_whose_meter_is_gone_can_be_closed(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """A question that is left over from somewhere asks nobody anything."""
    ir.async_create_issue(
        account.hass,
        DOMAIN,
        f"register_{meter.device_id}",
        data={"entry_id": account.entry.entry_id, "key": "QUBE-ONE-gone"},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="register_fell",
    )
    assert (await person.open(meter))["step_id"] == "confirm"
    assert (await person.confirm())["type"] == "create_entry"
    assert question(account, meter) is None
