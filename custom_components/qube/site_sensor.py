"""Sensors of a main meter: what flowed through it, how far it is known, and what is lost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .devices import site_identifier, space_identifier
from .reconciliation import Completeness, Reconciliation
from .runtime import QubeConfigEntry
from .site_meter import SiteMeter, SiteView
from .site_meters import site_meters_signal
from .site_terms import Flow, SiteTerms

MANUFACTURER: Final = "FlatPeak"
MODEL: Final = "Main meter"


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SensorEntityDescription):
    """A sensor of a main meter, and which main meters have it."""

    value_fn: Callable[[SiteView], StateType | datetime]
    is_had_by: Callable[[SiteTerms], bool] = lambda _: True


def _kwh(energy_wh: int | None) -> float | None:
    return None if energy_wh is None else energy_wh / 1000


def _energy(
    key: str,
    value_fn: Callable[[SiteView], int | None],
    is_had_by: Callable[[SiteTerms], bool] = lambda _: True,
) -> SiteSensorDescription:
    # Without a state class: the statistics of the main meter are written by the hour.
    return SiteSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=lambda view: _kwh(value_fn(view)),
        is_had_by=is_had_by,
    )


def _share(key: str, of: Callable[[SiteView], Reconciliation]) -> SiteSensorDescription:
    def percent(view: SiteView) -> float | None:
        basis_points = of(view).lost_basis_points
        return None if basis_points is None else basis_points / 100

    return SiteSensorDescription(
        key=key,
        translation_key=key,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        value_fn=percent,
    )


def _cost(key: str, of: Callable[[SiteView], Reconciliation]) -> SiteSensorDescription:
    def rupees(view: SiteView) -> float | None:
        paise = of(view).lost_paise
        return None if paise is None else paise / 100

    return SiteSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="INR",
        suggested_display_precision=2,
        value_fn=rupees,
        is_had_by=lambda terms: terms.price_millipaise_per_kwh is not None,
    )


def _completeness(key: str, of: Callable[[SiteView], Reconciliation]) -> SiteSensorDescription:
    return SiteSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENUM,
        options=[each.value for each in Completeness],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: of(view).completeness.value,
    )


def _exports(terms: SiteTerms) -> bool:
    return Flow.EXPORT in terms.flows


SITE_SENSORS: Final = (
    _energy("import_yesterday", lambda view: view.yesterday_wh[Flow.IMPORT]),
    _energy("import_this_month", lambda view: view.this_month_wh[Flow.IMPORT]),
    _energy("export_yesterday", lambda view: view.yesterday_wh[Flow.EXPORT], _exports),
    _energy("export_this_month", lambda view: view.this_month_wh[Flow.EXPORT], _exports),
    SiteSensorDescription(
        key="latest_record",
        translation_key="latest_record",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: view.latest_at,
    ),
    SiteSensorDescription(
        key="lowest_confidence",
        translation_key="lowest_confidence",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: view.lowest_confidence,
    ),
    _energy("losses_yesterday", lambda view: view.yesterday.lost_wh),
    _share("losses_share_yesterday", lambda view: view.yesterday),
    _cost("losses_cost_yesterday", lambda view: view.yesterday),
    _completeness("reconciled_yesterday", lambda view: view.yesterday),
    _energy("losses_month", lambda view: view.month.lost_wh),
    _share("losses_share_month", lambda view: view.month),
    _cost("losses_cost_month", lambda view: view.month),
    _completeness("reconciled_month", lambda view: view.month),
)


@callback
def async_add_site_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of each main meter when it begins, as those of its subentry."""

    @callback
    def add(sites: list[SiteMeter]) -> None:
        for site in sites:
            device = _device(hass, entry, site)
            async_add_entities(
                [
                    SiteSensor(site, description, device)
                    for description in SITE_SENSORS
                    if description.is_had_by(site.terms)
                ],
                config_subentry_id=site.site_id,
            )

    entry.async_on_unload(async_dispatcher_connect(hass, site_meters_signal(entry), add))


def _device(hass: HomeAssistant, entry: QubeConfigEntry, site: SiteMeter) -> DeviceInfo:
    """Return how a main meter is shown: below its space, while that is there."""
    device = DeviceInfo(
        identifiers={site_identifier(site.site_id)},
        manufacturer=MANUFACTURER,
        model=MODEL,
        name=site.title,
        serial_number=site.terms.device_id,
    )
    space = dr.async_get(hass).async_get_device_by_identifier(
        space_identifier(site.terms.space_id), entry.entry_id
    )
    if space is not None:
        device["via_device_id"] = space.id
    return device


class SiteSensor(CoordinatorEntity[SiteMeter], SensorEntity):
    """A sensor of a main meter."""

    _attr_has_entity_name = True
    entity_description: SiteSensorDescription

    def __init__(
        self, site: SiteMeter, description: SiteSensorDescription, device: DeviceInfo
    ) -> None:
        """Show what the description says."""
        super().__init__(site)
        self.entity_description = description
        _, identifier = site_identifier(site.site_id)
        self._attr_unique_id = f"{identifier}_{description.key}"
        self._attr_device_info = device

    @property
    @override
    def available(self) -> bool:
        """Return whether anything is known: records of before stay true while the cloud is away."""
        # Until the first reading there is no data, whatever the type says.
        return self.coordinator.last_update_success and bool(self.coordinator.data)

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value, in the unit of the description."""
        return self.entity_description.value_fn(self.coordinator.data)
