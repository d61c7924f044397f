"""What a register showed when it took over: where a new epoch of a meter begins."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from .api import Interval, QubeClient, QubeError
from .days import day_of
from .identity import IdentityStore
from .register import Register, Verdict, judge

# An answer has at most 2 MiB: a month of quarter hours is a fifth of that.
LONGEST_FINE: Final = timedelta(days=31)


async def async_settle_opening(
    client: QubeClient, identities: IdentityStore, key: str, device_id: str, polled_wh: int
) -> None:
    """Find out, once, from where the register of a meter's new device counts."""
    meter = identities.get(key)
    epoch = meter.epochs[-1] if meter else None
    if epoch is None or epoch.device_id != device_id or epoch.register_wh is not None:
        return
    polled = Register(energy_wh=polled_wh, read_at=dt_util.utcnow())
    since = epoch.since or polled.read_at
    opening = await _async_read_opening(client, device_id, since, polled)
    identities.set_opening(key, device_id, opening)


async def _async_read_opening(
    client: QubeClient, device_id: str, since: datetime, polled: Register
) -> int:
    """Return the register in Wh from which a device counts, by its history since then.

    So what was used between the change and the first poll is counted. Where the history cannot be
    read, counting begins with what was polled.
    """
    first, last = day_of(since), day_of(polled.read_at)
    interval = Interval.QUARTER_HOUR if last - first <= LONGEST_FINE else Interval.DAY
    try:
        registers = await client.energy_history(device_id, first, last, interval)
    except QubeError:
        return polled.energy_wh
    # What the device measured before, perhaps on another wall, is none of this meter's.
    rows = (
        Register(energy_wh=energy_wh, read_at=read_at)
        for read_at, energy_wh in registers.items()
        if read_at > since
    )
    return opening_wh(rows, polled)


def opening_wh(rows: Iterable[Register], polled: Register) -> int:
    """Return the register, of rows by time, from which what was polled was reached.

    The most rows that never fall and end with the polled register are taken for true, so that a
    spike in either direction is not; where two such chains are equally long, the one that counts
    less. Of these only what lies behind the last jump that no meter can make is counted.
    """
    opening = polled
    for row in reversed(_longest_rise([row for row in rows if row.energy_wh <= polled.energy_wh])):
        if judge(row, opening) is not Verdict.GOOD:
            break
        opening = row
    return opening.energy_wh


@dataclass(frozen=True, slots=True)
class _Rise:
    """A chain of registers that never falls, by its first one."""

    first: Register
    rest: _Rise | None


def _longest_rise(rows: Sequence[Register]) -> list[Register]:
    """Return the most rows that never fall, in their order; of equally many those that begin high.

    This is the longest-subsequence search by patience sorting, from the end. The chain that
    history.plausible finds would not do: it leaps over a jump where the time is enough for it, so
    that the zeros of a used device would count all that it measured elsewhere.
    """
    # For each length the chain that begins highest; the longer they are, the lower they begin.
    rises: list[_Rise] = []
    for row in reversed(rows):
        place = bisect_right(rises, -row.energy_wh, key=lambda rise: -rise.first.energy_wh)
        rises[place : place + 1] = [_Rise(row, rises[place - 1] if place else None)]
    chain: list[Register] = []
    rise = rises[-1] if rises else None
    while rise is not None:
        chain.append(rise.first)
        rise = rise.rest
    return chain
