"""Selects: the mode and the active tariff."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import commands
from .api import Metrics, Mode, Source
from .coordinator import MeterData
from .entity import QubeEntity, QubeEntityDescription, async_add_meter_entities, live
from .runtime import QubeConfigEntry

PARALLEL_UPDATES: Final = 0


@dataclass(frozen=True, kw_only=True)
class QubeSelectDescription(QubeEntityDescription[str], SelectEntityDescription):
    """A choice of a meter, and the command that makes it."""

    command_fn: Callable[[str], commands.Command]


def _mode(meter: MeterData) -> str | None:
    return meter.metrics.mode if meter.metrics else meter.device.active_mode


def _source_name(metrics: Metrics) -> str | None:
    return metrics.source.name.lower() if metrics.source else None


SELECTS: Final = (
    QubeSelectDescription(
        key="mode",
        translation_key="mode",
        options=[mode.value for mode in Mode],
        is_live=False,
        value_fn=_mode,
        command_fn=lambda option: commands.mode(Mode(option)),
    ),
    QubeSelectDescription(
        key="active_tariff",
        translation_key="active_tariff",
        options=[source.name.lower() for source in Source],
        value_fn=live(_source_name),
        command_fn=lambda option: commands.active_tariff(Source[option.upper()]),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QubeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the selects of an account."""
    async_add_meter_entities(
        hass,
        entry,
        async_add_entities,
        lambda meter: (QubeSelect(meter, description) for description in SELECTS),
    )


class QubeSelect(QubeEntity[str], SelectEntity):
    """A choice of a meter."""

    entity_description: QubeSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """Return what is chosen."""
        return self._value

    @override
    async def async_select_option(self, option: str) -> None:
        """Choose, and wait until the meter shows it."""
        await commands.async_execute(self.coordinator, self.entity_description.command_fn(option))
