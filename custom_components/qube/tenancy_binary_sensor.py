"""Binary sensors of a tenancy: whether its balance is low, and whether a bill is overdue."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .billing.models import Plan
from .runtime import QubeConfigEntry
from .tenancy_entity import (
    TenancyValueDescription,
    TenancyValueEntity,
    async_add_tenancy_entities,
)


@dataclass(frozen=True, kw_only=True)
class TenancyBinarySensorDescription(TenancyValueDescription[bool], BinarySensorEntityDescription):
    """A binary sensor of a tenancy."""


TENANCY_BINARY_SENSORS: Final = (
    TenancyBinarySensorDescription(
        key="low_balance",
        translation_key="low_balance",
        device_class=BinarySensorDeviceClass.PROBLEM,
        plans=frozenset({Plan.PREPAID}),
        value_fn=lambda view: view.is_low,
    ),
    TenancyBinarySensorDescription(
        key="overdue",
        translation_key="overdue",
        device_class=BinarySensorDeviceClass.PROBLEM,
        plans=frozenset({Plan.POSTPAID}),
        value_fn=lambda view: view.is_overdue,
    ),
)


@callback
def async_add_tenancy_binary_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of each tenancy when it begins."""
    async_add_tenancy_entities(
        hass, entry, async_add_entities, TENANCY_BINARY_SENSORS, TenancyBinarySensor
    )


class TenancyBinarySensor(TenancyValueEntity[bool], BinarySensorEntity):
    """A binary sensor of a tenancy."""

    _platform = Platform.BINARY_SENSOR
    entity_description: TenancyBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is so."""
        return self._value
