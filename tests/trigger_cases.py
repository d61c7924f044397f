"""What can happen to a meter, and which trigger it is a case of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import ServiceCall
import pytest

from custom_components.qube.tenancy_events import TenancyEventKind
from tests.account import Account
from tests.simulator import FaultKind, SimulatedCloud, SimulatedMeter, Source

type Change = Callable[[SimulatedMeter], None]


def begin_alike(cloud: SimulatedCloud) -> SimulatedCloud:
    """Let all meters of a standing cloud begin on the grid, with ₹500."""
    for meter in cloud.meters.values():
        meter.active_tariff = Source.EB
        meter.balance = 50_000
    return cloud


def generator(meter: SimulatedMeter) -> None:
    """Let the generator take over."""
    meter.active_tariff = Source.DG


def grid(meter: SimulatedMeter) -> None:
    """Let the grid come back."""
    meter.active_tariff = Source.EB


def spent(meter: SimulatedMeter) -> None:
    """Spend the balance but for ₹80."""
    meter.balance = 8_000


def paid(meter: SimulatedMeter) -> None:
    """Pay until there are ₹500."""
    meter.balance = 50_000


def lost(meter: SimulatedMeter) -> None:
    """Cut the meter off from the cloud."""
    meter.is_online = False


def found(meter: SimulatedMeter) -> None:
    """Connect the meter with the cloud."""
    meter.is_online = True


@dataclass(frozen=True, kw_only=True)
class Case:
    """What makes a trigger fire, what takes it back, and what the entity and the options are."""

    cause: Change
    undo: Change
    entity: str
    options: Mapping[str, object] = MappingProxyType({})


CASES = {
    "balance_fell_below": Case(
        cause=spent, undo=paid, entity="balance", options={"threshold": 100}
    ),
    "came_back_online": Case(cause=found, undo=lost, entity="online"),
    "switched_to_generator": Case(cause=generator, undo=grid, entity="active_tariff"),
    "switched_to_grid": Case(cause=grid, undo=generator, entity="active_tariff"),
    "went_offline": Case(cause=lost, undo=found, entity="online"),
}
# Those of tenancies, which are events.
EVENTS = {
    "bill_became_overdue": TenancyEventKind.OVERDUE,
    "bill_was_issued": TenancyEventKind.BILL_ISSUED,
    "power_was_cut": TenancyEventKind.CUT,
    "power_was_restored": TenancyEventKind.RESTORED,
}
ALL = pytest.mark.parametrize(("key", "case"), CASES.items(), ids=list(CASES))


async def change(account: Account, meter: SimulatedMeter, *changes: Change) -> None:
    """Let something happen to a meter, and read it after each."""
    for each in changes:
        each(meter)
        await account.poll(meter)


async def hide(account: Account, meter: SimulatedMeter, entity: str) -> None:
    """Let nothing be known of a meter."""
    account.break_down(FaultKind.SERVER_ERROR)
    account.coordinator(meter)._details_due_at = 0.0
    await account.poll(meter)
    assert account.state(meter, entity) == STATE_UNAVAILABLE
    account.cloud.faults.clear()


def entities_of(runs: list[ServiceCall]) -> list[str]:
    """Return for which entities an automation has run."""
    return [run.data["entity"] for run in runs]
