"""What a meter and its relay's owner say when the supply of a tenancy is decided."""

from .api import Mode
from .billing.supply_models import RelaySituation
from .coordinator import MeterCoordinator
from .relay_owner import RelayOwner


def is_measuring(meter: MeterCoordinator) -> bool:
    """Return whether a meter is in the mode in which billing alone decides about its relay."""
    metrics = meter.observed.metrics if meter.observed else None
    return metrics is not None and metrics.mode is Mode.MEASUREMENT


def relay_situation(meter: MeterCoordinator | None, owner: RelayOwner) -> RelaySituation:
    """Return how things stand; without a meter it is offline, and may well have a relay."""
    observed = meter.observed if meter else None
    metrics = observed.metrics if observed else None
    return RelaySituation(
        has_relay=observed is None or observed.device.has_relay is True,
        is_online=meter is not None and meter.is_online,
        is_measuring=meter is not None and is_measuring(meter),
        is_register_sound=meter is not None and meter.register_guard.held is None,
        relay_closed=metrics.relay_closed if metrics else None,
        ordered=owner.ordered,
        is_order_open=owner.is_order_open,
        is_on_by_hand=owner.is_on_by_hand,
        is_contested=owner.memory.is_contested,
    )
