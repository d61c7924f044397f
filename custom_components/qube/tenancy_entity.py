"""What all entities of a tenancy share, and the device that they are on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, override

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import slugify

from .billing.models import Plan
from .devices import MANUFACTURER, tenancy_identifier
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


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A tenancy and how it is shown.

    `place` begins the ids of its entities. They stand in logs, so the tenant's name is not in it.
    So many entities as `enabled` says may be on by default.
    """

    tenancy: Tenancy
    device: DeviceInfo
    place: str
    enabled: int


class TenancyEntity(Entity):
    """Something of a tenancy, on the tenancy's own device below its meter."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _platform: ClassVar[Platform]

    def __init__(self, shown: Shown, description: TenancyDescription) -> None:
        """Show what the description says."""
        self.entity_description = description
        self._tenancy = shown.tenancy
        _, identifier = tenancy_identifier(shown.tenancy.tenancy_id)
        self.entity_id = f"{self._platform}.{slugify(f'{shown.place} {description.key}')}"
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = shown.device
        if TENANCY_RANKS[description.key] >= shown.enabled:
            self._attr_entity_registry_enabled_default = False


class TenancyValueEntity[T](TenancyEntity):
    """Show one value of a tenancy."""

    entity_description: TenancyValueDescription[T]
    _value: T | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Start with what is known, and follow the tenancy."""
        self.async_on_remove(self._tenancy.async_add_listener(self._async_update))
        self._take_over()

    @callback
    def _async_update(self) -> None:
        """Write the state only where it changed: most values stand still between two charges."""
        if self._take_over():
            self.async_write_ha_state()

    def _take_over(self) -> bool:
        before = self._value
        self._value = self.entity_description.value_fn(self._tenancy.view)
        return self._value != before


@callback
def async_add_tenancy_entities[D: TenancyDescription](
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[D],
    build: Callable[[Shown, D], TenancyEntity],
) -> None:
    """Add the entities of each tenancy when it begins, as those of its subentry."""

    @callback
    def add(tenancies: list[Tenancy]) -> None:
        enabled = async_enabled_of_tenancies(hass, entry, {each.tenancy_id for each in tenancies})
        for tenancy in tenancies:
            shown = _shown(hass, entry, tenancy, enabled)
            async_add_entities(
                [build(shown, each) for each in descriptions if tenancy.plan in each.plans],
                config_subentry_id=tenancy.tenancy_id,
            )

    entry.async_on_unload(async_dispatcher_connect(hass, tenancies_signal(entry), add))


def _shown(hass: HomeAssistant, entry: QubeConfigEntry, tenancy: Tenancy, enabled: int) -> Shown:
    """Return how a tenancy is shown: below its meter and in its area, while that is there."""
    device = DeviceInfo(
        identifiers={tenancy_identifier(tenancy.tenancy_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer=MANUFACTURER,
        model=MODELS[tenancy.plan],
        name=entry.subentries[tenancy.tenancy_id].title,
    )
    place = "tenancy"
    if (meter := entry.runtime_data.devices.device_of(tenancy.meter_key)) is not None:
        area = ar.async_get(hass).async_get_area(meter.area_id or "")
        area_name = area.name if area else None
        place = f"{area_name or ''} {meter.name_by_user or meter.name} tenancy"
        device["via_device_id"] = meter.id
        device["suggested_area"] = area_name
    return Shown(tenancy=tenancy, device=device, place=place, enabled=enabled)
