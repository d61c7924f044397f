"""What the owner answers to the question about a register, through Home Assistant's repairs."""

from homeassistant.helpers import issue_registry as ir
import pytest

from custom_components.qube.const import DOMAIN
from tests.account import Account
from tests.odd_register import energy, issue_of, poll_odd, question, standing_meter
from tests.person import Person
from tests.simulator import SimulatedMeter


@pytest.fixture
def meter(account: Account) -> SimulatedMeter:
    """Return a meter whose register stands still."""
    return standing_meter(account)


async def test_a_reset_that_the_owner_confirms_begins_a_new_register(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """Energy goes on from where it was, with the next readings, and after a restart."""
    await account.poll(meter)
    meter.energy_wh = 2_500
    await poll_odd(account, meter)
    form = await person.open(issue_of(meter))
    assert form["type"] == "form"
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"] == {
        "meter": f"{meter.name} (Lakshmi Residency)",
        "good": "1461.800",
        "held": "2.500",
    }
    assert energy(account, meter) == 1461.8
    assert (await person.submit())["type"] == "create_entry"
    assert question(account, meter) is None
    assert energy(account, meter) == 1461.8
    meter.energy_wh = 2_600
    await account.poll(meter)
    assert energy(account, meter) == 1461.9
    await account.hass.config_entries.async_reload(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.9
    assert question(account, meter) is None


async def test_a_jump_that_the_owner_confirms_was_used(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """The register goes on, and what it jumped over is in Energy."""
    await account.poll(meter)
    meter.energy_wh += 10_000_000
    await poll_odd(account, meter)
    await person.open(issue_of(meter))
    assert (await person.submit())["type"] == "create_entry"
    assert question(account, meter) is None
    assert energy(account, meter) == 11_461.8
    assert len(account.coordinator(meter).identity.epochs) == 1


async def test_a_repair_that_is_only_opened_changes_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """Reading the question is no answer."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(issue_of(meter))
    await account.poll(meter)
    assert energy(account, meter) == 1461.8
    assert question(account, meter) is not None


async def test_a_confirmation_after_the_register_came_back_changes_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """The form was open while the register recovered."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(issue_of(meter))
    meter.energy_wh = 1_461_900
    await account.poll(meter)
    await person.submit()
    assert energy(account, meter) == 1461.9


async def test_a_repair_of_an_account_that_is_not_loaded_accepts_nothing(
    account: Account, meter: SimulatedMeter, person: Person
) -> None:
    """There is nobody to tell; the register is held back again afterwards."""
    await account.poll(meter)
    meter.energy_wh = 0
    await poll_odd(account, meter)
    await person.open(issue_of(meter))
    await account.hass.config_entries.async_unload(account.entry.entry_id)
    await person.submit()
    await account.hass.config_entries.async_setup(account.entry.entry_id)
    await account.settle()
    assert energy(account, meter) == 1461.8


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_a_repair_whose_meter_is_gone_can_be_closed(
    account: Account, meter: SimulatedMeter, person: Person, *, is_loaded: bool
) -> None:
    """A question that is left over from somewhere asks nobody anything."""
    if not is_loaded:
        await account.hass.config_entries.async_unload(account.entry.entry_id)
    ir.async_create_issue(
        account.hass,
        DOMAIN,
        issue_of(meter),
        data={"entry_id": account.entry.entry_id, "key": "QUBE-ONE-gone"},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key="register_fell",
    )
    assert (await person.open(issue_of(meter)))["step_id"] == "confirm"
    assert (await person.submit())["type"] == "create_entry"
    assert question(account, meter) is None
