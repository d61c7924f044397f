"""What a meter has measured in all, over every register it has had."""

from dataclasses import dataclass
from datetime import datetime


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


def epoch_at(epochs: Epochs, time: datetime) -> Epoch:
    """Return the epoch in which an aware time lies; there is always a first one."""
    later = (epoch for epoch in reversed(epochs) if epoch.since is None or epoch.since < time)
    return next(later, epochs[0])
