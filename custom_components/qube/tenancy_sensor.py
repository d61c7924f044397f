"""Sensors of a tenancy: what it has, owes and uses, and whether it is supplied."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform, UnitOfEnergy, UnitOfTime
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .billing.models import Plan
from .billing.money import rupees_of, rupees_of_paise
from .billing.supply_models import SupplyState
from .days import last_day_before
from .runtime import QubeConfigEntry
from .tenancy_entity import (
    TenancyValueDescription,
    TenancyValueEntity,
    async_add_tenancy_entities,
)
from .tenancy_view import TenancyView


@dataclass(frozen=True, kw_only=True)
class TenancySensorDescription(TenancyValueDescription[StateType | date], SensorEntityDescription):
    """A sensor of a tenancy. `is_of_period` says that it begins anew with each period."""

    is_of_period: bool = False


def _money(
    key: str, value_fn: Callable[[TenancyView], StateType], *, is_of_period: bool = False
) -> TenancySensorDescription:
    return TenancySensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement="INR",
        suggested_display_precision=2,
        value_fn=value_fn,
        is_of_period=is_of_period,
    )


def _use(key: str, value_fn: Callable[[TenancyView], StateType]) -> TenancySensorDescription:
    return TenancySensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENERGY,
        # Not TOTAL_INCREASING: that takes a fall for a new period, and here its beginning is known.
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=value_fn,
        is_of_period=True,
    )


def _rupees(amount_micropaise: int | None) -> float | None:
    return None if amount_micropaise is None else float(rupees_of(amount_micropaise))


def _rupees_of_paise(amount_paise: int | None) -> float | None:
    return None if amount_paise is None else float(rupees_of_paise(amount_paise))


def _kwh(energy_wh: int | None) -> float | None:
    return None if energy_wh is None else energy_wh / 1000


TENANCY_SENSORS: Final = (
    _money("balance", lambda view: _rupees(view.balance_micropaise)),
    TenancySensorDescription(
        key="supply",
        translation_key="supply",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in SupplyState],
        value_fn=lambda view: view.supply,
    ),
    TenancySensorDescription(
        key="days_left",
        translation_key="days_left",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=0,
        plans=frozenset({Plan.PREPAID}),
        value_fn=lambda view: view.days_left,
    ),
    _money("amount_due", lambda view: _rupees_of_paise(view.amount_due_paise)),
    TenancySensorDescription(
        key="bill_due",
        translation_key="bill_due",
        # The last day on which it can be paid, as it stands on the bill, whatever the time zone.
        device_class=SensorDeviceClass.DATE,
        plans=frozenset({Plan.POSTPAID}),
        value_fn=lambda view: last_day_before(view.due_at) if view.due_at else None,
    ),
    _use("grid_use", lambda view: _kwh(view.eb_wh)),
    _use("generator_use", lambda view: _kwh(view.dg_wh)),
    _money("grid_cost", lambda view: _rupees(view.eb_micropaise), is_of_period=True),
    _money("generator_cost", lambda view: _rupees(view.dg_micropaise), is_of_period=True),
    TenancySensorDescription(
        key="charged_until",
        translation_key="charged_until",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda view: view.charged_until,
    ),
)


@callback
def async_add_tenancy_sensors(
    hass: HomeAssistant, entry: QubeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of each tenancy when it begins."""
    async_add_tenancy_entities(hass, entry, async_add_entities, TENANCY_SENSORS, TenancySensor)


class TenancySensor(TenancyValueEntity[StateType | date], SensorEntity):
    """A sensor of a tenancy."""

    _attr_last_reset: datetime | None = None
    _platform = Platform.SENSOR
    entity_description: TenancySensorDescription

    @property
    @override
    def native_value(self) -> StateType | date:
        """Return the value, in the unit of the description."""
        return self._value

    @override
    def _take_over(self) -> bool:
        """Take over the beginning of the period, too: a new one may also begin at nothing."""
        before = self._attr_last_reset
        if self.entity_description.is_of_period:
            self._attr_last_reset = self._tenancy.view.period_start
        return super()._take_over() or self._attr_last_reset != before
