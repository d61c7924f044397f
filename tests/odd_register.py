"""A meter whose register is told what to show, and the repair that asks about it."""

from homeassistant.helpers import issue_registry as ir

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.simulator import SimulatedMeter


def issue_of(meter: SimulatedMeter) -> str:
    """Return the id of the repair that asks about a meter's register."""
    return f"register_{meter.device_id}"


def question(account: Account, meter: SimulatedMeter) -> ir.IssueEntry | None:
    """Return the repair that asks about a meter's register."""
    registry = ir.async_get(account.hass)
    return registry.async_get_issue(DOMAIN, issue_of(meter))


def energy(account: Account, meter: SimulatedMeter) -> float:
    """Return what Home Assistant shows, in kWh."""
    return float(account.state(meter, "energy"))


async def poll_odd(account: Account, meter: SimulatedMeter) -> None:
    """Read an odd register as often as it takes to be asked."""
    for _ in range(3):
        assert question(account, meter) is None
        await account.poll(meter)
    assert question(account, meter) is not None


def standing_meter(account: Account) -> SimulatedMeter:
    """Return a meter whose relay is open, so that its register stands still at 1461.8 kWh."""
    meter = account.meter()
    meter.relay_closed = False
    meter.energy_wh = 1_461_800
    account.coordinator(meter).register_guard.last = None
    return meter
