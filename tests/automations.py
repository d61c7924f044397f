"""Automations that people could have written, and how often they have run."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.qube.devices import meter_identifier
from tests.account import Account
from tests.simulator import SimulatedMeter

type Target = Mapping[str, str | list[str]]

EVENT: Final = "somebody_asks"


async def watch_trigger(
    hass: HomeAssistant, key: str, target: Target, **options: object
) -> list[ServiceCall]:
    """Set up an automation with a trigger, and return the list of its runs."""
    trigger: dict[str, Any] = {"trigger": f"qube.{key}", "target": target}
    return await _set_up(hass, {"triggers": trigger | ({"options": options} if options else {})})


async def watch_condition(
    hass: HomeAssistant, key: str, target: Target, **options: object
) -> list[ServiceCall]:
    """Set up an automation with a condition that is asked by an event; return its runs."""
    condition: dict[str, Any] = {"condition": f"qube.{key}", "target": target}
    return await _set_up(
        hass,
        {
            "triggers": {"trigger": "event", "event_type": EVENT},
            "conditions": condition | ({"options": options} if options else {}),
        },
    )


async def asked(hass: HomeAssistant, runs: list[ServiceCall]) -> bool:
    """Ask the condition of an automation once, and return whether it held."""
    before = len(runs)
    hass.bus.async_fire(EVENT)
    await hass.async_block_till_done()
    return len(runs) > before


async def _set_up(hass: HomeAssistant, parts: dict[str, Any]) -> list[ServiceCall]:
    runs = async_mock_service(hass, "test", "run")
    action = {"action": "test.run", "data": {"entity": "{{ trigger.entity_id | default }}"}}
    config = {"automation": {"alias": "Watch", **parts, "actions": action}}
    assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    return runs


def area_of(account: Account, meter: SimulatedMeter) -> dict[str, str]:
    """Return the area that the meter's space has become, as a target."""
    return {"area_id": _device_of(account, meter).area_id or ""}


def device_of(account: Account, meter: SimulatedMeter) -> dict[str, str]:
    """Return the meter's device, as a target."""
    return {"device_id": _device_of(account, meter).id}


def _device_of(account: Account, meter: SimulatedMeter) -> dr.DeviceEntry:
    device = dr.async_get(account.hass).async_get_device_by_identifier(
        meter_identifier(meter.device_id), account.entry.entry_id
    )
    assert device is not None
    return device


def add_stranger(account: Account, meter: SimulatedMeter, platform: str, key: str) -> str:
    """Put an entity of another integration into the meter's area, of the same name as ours."""
    entity = er.async_get(account.hass).async_get_or_create(
        platform, "other", f"stranger_{key}", translation_key=key
    )
    area_id = area_of(account, meter)["area_id"]
    er.async_get(account.hass).async_update_entity(entity.entity_id, area_id=area_id)
    return entity.entity_id
