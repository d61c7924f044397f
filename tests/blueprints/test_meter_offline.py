"""An offline meter is told once."""

import asyncio

from tests.account import Account
from tests.simulator import SimulatedMeter

from .home import LIST, TELL, automate, named, pass_time, remembered, set_online, while_starting


async def watch_meters(home: Account, *meters: SimulatedMeter) -> None:
    """Tell when a meter was offline for ten minutes."""
    await automate(
        home,
        "meter_offline",
        meters=[home.entity_id(meter, "online") for meter in meters],
        minutes=10,
        memory=LIST,
        actions=TELL,
    )


async def test_an_offline_meter_is_told_once(home: Account, told: list[str]) -> None:
    """After ten minutes, and again only when it was back."""
    meter = named(home, "Prepaid")
    await watch_meters(home, meter, named(home, "Postpaid"))
    for number in (1, 2):
        await set_online(home, meter, online=False)
        await pass_time(home, minutes=9)
        assert len(told) == number - 1
        await pass_time(home, minutes=11)
        assert told == ["Prepaid (Lakshmi Residency) has been offline for 10 minutes."] * number
        assert len(await remembered(home)) == 1
        await set_online(home, meter, online=True)
        assert await remembered(home) == []


async def test_a_meter_that_is_back_soon_is_not_told(home: Account, told: list[str]) -> None:
    """Nine minutes are not ten."""
    meter = named(home, "Prepaid")
    await watch_meters(home, meter)
    await set_online(home, meter, online=False)
    await pass_time(home, minutes=9)
    await set_online(home, meter, online=True)
    await pass_time(home, minutes=20)
    assert told == []


async def test_an_outage_does_not_tell_of_an_offline_meter_again(
    home: Account, told: list[str]
) -> None:
    """It is offline as before."""
    meter = named(home, "Prepaid")
    await watch_meters(home, meter)
    await set_online(home, meter, online=False)
    await pass_time(home, minutes=11)
    assert await home.hass.config_entries.async_reload(home.entry.entry_id)
    await home.settle()
    await pass_time(home, minutes=11)
    assert len(told) == 1


async def test_a_meter_that_was_lost_while_nobody_looked_is_told_after_the_start(
    home: Account, told: list[str]
) -> None:
    """Ten minutes later, as every other."""
    online, offline = named(home, "Prepaid"), named(home, "Offline")
    await while_starting(home, lambda: watch_meters(home, online, offline))
    await asyncio.sleep(0.1)
    assert told == []
    await pass_time(home, minutes=11)
    assert len(told) == 1
    assert told[0].startswith("Offline (")
