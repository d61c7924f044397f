"""What a meter has measured in all, over every register it has had."""

from dataclasses import dataclass, replace
from datetime import datetime

from .register import Register


@dataclass(frozen=True, kw_only=True, slots=True)
class Epoch:
    """A time in which one register ran on; it ends where the next epoch begins.

    `register_wh` is the register at its beginning, None until that is known, and `total_wh` what
    the meter had measured by then. `since` is aware; None is the beginning of time.
    """

    device_id: str
    since: datetime | None = None
    register_wh: int | None = 0
    total_wh: int = 0

    def total_of(self, register_wh: int) -> int | None:
        """Return what the meter has measured in all, in Wh, when the register shows this."""
        return None if self.register_wh is None else self.total_wh + register_wh - self.register_wh


type Epochs = tuple[Epoch, ...]


def with_new_register(
    epochs: Epochs, device_id: str, last: Register | None, now: datetime
) -> Epochs:
    """Close the epoch at its last good reading, and open one whose register is not known yet.

    Without a reading the closed epoch has measured nothing, and so ends where it began.
    """
    closed = epochs[-1]
    total_wh = closed.total_of(last.energy_wh) if last else None
    opened = Epoch(
        device_id=device_id,
        since=last.read_at if last else closed.since or now,
        register_wh=None,
        total_wh=closed.total_wh if total_wh is None else total_wh,
    )
    return *epochs, opened


def with_opening(epochs: Epochs, register_wh: int) -> Epochs:
    """Say what the register showed when the newest epoch began; where it is known, it stays."""
    *earlier, newest = epochs
    if newest.register_wh is not None:
        return epochs
    return *earlier, replace(newest, register_wh=register_wh)


def without_last_device(epochs: Epochs) -> Epochs:
    """Take off the newest device, with all the registers it had; nothing is left of an only one."""
    device_id = epochs[-1].device_id
    count = len(epochs)
    while count and epochs[count - 1].device_id == device_id:
        count -= 1
    return epochs[:count]


def epoch_at(epochs: Epochs, time: datetime) -> Epoch:
    """Return the epoch in which an aware time lies; there is always a first one."""
    later = (epoch for epoch in reversed(epochs) if epoch.since is None or epoch.since < time)
    return next(later, epochs[0])
