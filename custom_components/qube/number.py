"""Numbers: the tariffs of grid and generator."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import commands
from .api import Metrics, Source
from .entity import QubeEntity, QubeEntityDescription, async_add_meter_entities, live
from .runtime import QubeConfigEntry

PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class QubeNumberDescription(QubeEntityDescription[float], NumberEntityDescription):
    """The tariff of a source."""

    source: Source


def _tariff(source: Source, key: str) -> QubeNumberDescription:
    def tariff(metrics: Metrics) -> float | None:
        tariff_paise = metrics.tariff_of(source)
        return None if tariff_paise is None else tariff_paise / 100

    return QubeNumberDescription(
        key=key,
        translation_key=key,
        entity_category=EntityCategory.CONFIG,
        mode=NumberMode.BOX,
        native_min_value=0,
        native_max_value=1000,
        native_step=0.01,
        native_unit_of_measurement="₹/kWh",
        source=source,
        value_fn=live(tariff),
    )


NUMBERS: Final = (_tariff(Source.EB, "eb_tariff"), _tariff(Source.DG, "dg_tariff"))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers of an account."""
    async_add_meter_entities(
        hass,
        entry,
        async_add_entities,
        lambda meter: (QubeNumber(meter, description) for description in NUMBERS),
    )


class QubeNumber(QubeEntity[float], NumberEntity):
    """The tariff of a source, in rupees per kWh."""

    entity_description: QubeNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        """Return the tariff."""
        return self._value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the tariff, to the paisa, and wait until the meter shows it."""
        paise = (Decimal(repr(value)) * 100).to_integral_value(ROUND_HALF_UP)
        await commands.async_execute(
            self.coordinator, commands.tariff(self.entity_description.source, int(paise))
        )
