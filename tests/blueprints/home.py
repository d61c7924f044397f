"""A home with an automation from a blueprint."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from tests.account import Account
from tests.simulator import SimulatedMeter

FOLDER: Final = Path(__file__).parent.parent.parent / "blueprints"
TELL: Final = [{"event": "told", "event_data": {"message": "{{ message }}"}}]
LIST: Final = "todo.shopping_list"


async def automate(home: Account, name: str, **inputs: object) -> None:
    """Set up an automation from a blueprint."""
    automation = {"alias": "Test", "use_blueprint": {"path": f"qube/{name}.yaml", "input": inputs}}
    assert await async_setup_component(home.hass, "automation", {"automation": [automation]})
    await home.settle()
    assert home.hass.states.async_entity_ids("automation") == ["automation.test"]
    state = home.hass.states.get("automation.test")
    assert state is not None
    assert state.state == "on"


async def remembered(home: Account) -> list[str]:
    """Return what is on the to-do list."""
    answer: Any = await home.hass.services.async_call(
        "todo", "get_items", {"entity_id": LIST}, blocking=True, return_response=True
    )
    return [item["summary"] for item in answer[LIST]["items"]]


async def while_starting(home: Account, set_up: Callable[[], Awaitable[None]]) -> None:
    """Set something up before automations begin to listen."""
    home.hass.set_state(CoreState.starting)
    await set_up()
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)


async def pass_time(home: Account, **duration: float) -> None:
    """Let Home Assistant's time pass."""
    async_fire_time_changed(home.hass, dt_util.utcnow() + timedelta(**duration))
    await home.settle()


def named(home: Account, name: str) -> SimulatedMeter:
    """Return the meter with a name."""
    return next(meter for meter in home.cloud.meters.values() if meter.name == name)


async def set_online(home: Account, meter: SimulatedMeter, *, online: bool) -> None:
    """Let a meter lose its connection, or have it back."""
    meter.is_online = online
    await home.poll(meter)
