"""A low balance is told once."""

from tests.account import Account
from tests.simulator import FaultKind, SimulatedMeter

from .home import LIST, TELL, automate, named, remembered, while_starting


async def watch_balances(home: Account, *meters: SimulatedMeter) -> None:
    """Tell when a balance is below 100 rupees, and again when it was above 150."""
    await automate(
        home,
        "low_balance",
        balances=[home.entity_id(meter, "balance") for meter in meters],
        below=100,
        recharged=150,
        memory=LIST,
        actions=TELL,
    )


async def set_balance(home: Account, meter: SimulatedMeter, rupees: float) -> None:
    """Let a meter show a balance."""
    meter.balance = round(rupees * 100)
    await home.poll(meter)


async def test_a_low_balance_is_told_once(home: Account, told: list[str]) -> None:
    """Not while it falls on, nor when it moves about the limit."""
    meter, other = named(home, "Prepaid"), named(home, "Postpaid")
    await set_balance(home, meter, 120)
    await set_balance(home, other, 500)
    await watch_balances(home, meter, other)
    assert told == []
    await set_balance(home, meter, 99.5)
    assert told == ["Prepaid (Lakshmi Residency) has ₹99.50 left."]
    for rupees in (80, 110, 90, -5, 149, 50):
        await set_balance(home, meter, rupees)
    assert len(told) == 1
    entity_id = home.entity_id(meter, "balance")
    assert await remembered(home) == [f"Low balance: Prepaid (Lakshmi Residency) ({entity_id})"]


async def test_a_low_balance_is_told_again_after_a_recharge(home: Account, told: list[str]) -> None:
    """The entry of the to-do list goes with it."""
    meter = named(home, "Prepaid")
    await set_balance(home, meter, 500)
    await watch_balances(home, meter)
    for rupees in (90, 151):
        await set_balance(home, meter, rupees)
    assert await remembered(home) == []
    await set_balance(home, meter, 99.99)
    assert len(told) == 2


async def test_an_outage_does_not_tell_of_a_low_balance_again(
    home: Account, told: list[str]
) -> None:
    """The entity was unavailable, the balance is what it was."""
    meter = named(home, "Prepaid")
    await set_balance(home, meter, 500)
    await watch_balances(home, meter)
    await set_balance(home, meter, 90)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    home.break_down(FaultKind.DROP)
    await home.poll()
    assert home.state(meter, "balance") == "unavailable"
    home.cloud.faults.clear()
    await home.poll()
    assert len(told) == 1


async def test_a_balance_that_fell_while_nobody_looked_is_told_at_the_start(
    home: Account, told: list[str]
) -> None:
    """Once, and not at the next start."""
    low, fine = named(home, "Prepaid"), named(home, "Postpaid")
    await set_balance(home, low, 20)
    await set_balance(home, fine, 500)
    await while_starting(home, lambda: watch_balances(home, low, fine))
    await home.settle()
    assert told == ["Prepaid (Lakshmi Residency) has ₹20.00 left."]
    await home.hass.services.async_call("automation", "trigger", {"entity_id": "automation.test"})
    await home.settle()
    assert len(told) == 1
