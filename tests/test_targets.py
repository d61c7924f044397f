"""Of all the entities in a target, those of one kind are meant."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from custom_components.qube.const import DOMAIN
from custom_components.qube.targets import EntityKind

BALANCE = EntityKind(platform=Platform.SENSOR, key="balance")


def add(hass: HomeAssistant, platform: Platform, integration: str, key: str) -> str:
    """Register an entity and return its id."""
    registry = er.async_get(hass)
    unique_id = f"{integration}_{key}"
    entity = registry.async_get_or_create(platform, integration, unique_id, translation_key=key)
    return entity.entity_id


def test_platform_integration_and_key_decide(hass: HomeAssistant) -> None:
    """All three, and not the name, which people change."""
    ours = add(hass, Platform.SENSOR, DOMAIN, "balance")
    renamed = er.async_get(hass).async_update_entity(ours, new_entity_id="sensor.purse")
    others = {
        add(hass, Platform.NUMBER, DOMAIN, "balance"),
        add(hass, Platform.SENSOR, DOMAIN, "price"),
        add(hass, Platform.SENSOR, "bank", "balance"),
        "sensor.balance_of_nobody",
    }
    assert BALANCE.among(hass, others | {renamed.entity_id}) == {"sensor.purse"}
