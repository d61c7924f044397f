"""What all entities of a tenancy share, and the device that they are on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar, device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .billing.models import Plan
from .devices import MANUFACTURER, meter_identifier, tenancy_identifier
from .entity_budget import TENANCY_RANKS, async_enabled_of_tenancies
from .runtime import QubeConfigEntry
from .tenancies import tenancies_signal
from .tenancy import Tenancy
from .tenancy_view import TenancyView

MODELS: Final = {Plan.PREPAID: "Prepaid tenancy", Plan.POSTPAID: "Postpaid tenancy"}


@dataclass(frozen=True, kw_only=True)
class TenancyDescription(EntityDescription):
    """An entity of a tenancy, and for which plans there is such a thing."""

    plans: frozenset[Plan] = frozenset(Plan)


@dataclass(frozen=True, kw_only=True)
class TenancyValueDescription[T](TenancyDescription):
    """An entity of a tenancy that shows one value."""

    value_fn: Callable[[TenancyView], T | None]


class TenancyEntity(Entity):
    """Something of a tenancy, on the tenancy's own device below its meter."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        entry: QubeConfigEntry,
        tenancy: Tenancy,
        description: TenancyDescription,
        enabled: int,
    ) -> None:
        """Show what the description says; so many entities of a tenancy may be on by default."""
        self.entity_description = description
        self._entry = entry
        self._tenancy = tenancy
        _, identifier = tenancy_identifier(tenancy.tenancy_id)
        self._attr_unique_id = f"{identifier}_{description.key}"
        if TENANCY_RANKS[description.key] >= enabled:
            self._attr_entity_registry_enabled_default = False

    @property
    @override
    def device_info(self) -> DeviceInfo:
        """Return the tenancy's device: below its meter and in its area, while that is there."""
        tenancy = self._tenancy
        info = DeviceInfo(
            identifiers={tenancy_identifier(tenancy.tenancy_id)},
            entry_type=DeviceEntryType.SERVICE,
            manufacturer=MANUFACTURER,
            model=MODELS[tenancy.plan],
            name=self._entry.subentries[tenancy.tenancy_id].title,
        )
        meter = dr.async_get(self.hass).async_get_device_by_identifier(
            meter_identifier(tenancy.meter_key), self._entry.entry_id
        )
        if meter is not None:
            info["via_device_id"] = meter.id
            area = ar.async_get(self.hass).async_get_area(meter.area_id or "")
            info["suggested_area"] = area.name if area else None
        return info


class TenancyValueEntity[T](TenancyEntity):
    """Show one value of a tenancy."""

    entity_description: TenancyValueDescription[T]
    _value: T | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Start with what is known, and follow the tenancy."""
        self.async_on_remove(self._tenancy.async_add_listener(self._async_take_over))
        self._value = self.entity_description.value_fn(self._tenancy.view)

    @callback
    def _async_take_over(self) -> None:
        """Write the state only where it changed: most values stand still between two charges."""
        value = self.entity_description.value_fn(self._tenancy.view)
        if value != self._value:
            self._value = value
            self.async_write_ha_state()


@callback
def async_add_tenancy_entities[D: TenancyDescription](
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[D],
    build: Callable[[QubeConfigEntry, Tenancy, D, int], TenancyEntity],
) -> None:
    """Add the entities of each tenancy when it begins, as those of its subentry."""

    @callback
    def add(tenancies: list[Tenancy]) -> None:
        enabled = async_enabled_of_tenancies(hass, entry, {each.tenancy_id for each in tenancies})
        for tenancy in tenancies:
            async_add_entities(
                [
                    build(entry, tenancy, each, enabled)
                    for each in descriptions
                    if tenancy.plan in each.plans
                ],
                config_subentry_id=tenancy.tenancy_id,
            )

    entry.async_on_unload(async_dispatcher_connect(hass, tenancies_signal(entry), add))
