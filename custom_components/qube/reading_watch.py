"""Which polled readings of a meter there are to charge: the last one, and those at a switch."""

from dataclasses import replace
from datetime import timedelta

from .billing.models import Reading
from .clock_watch import is_clock_wrong
from .coordinator import MeterCoordinator
from .days import day_of
from .opening_reading import SOURCES


def polled_reading(meter: MeterCoordinator) -> Reading | None:
    """Return what the last poll of a meter read.

    None where it brought no register, or one that is held back, or one of which it is not known
    from where it counts; or where the clock is wrong, so that nobody can say when it was read.
    """
    data, guard = meter.observed, meter.register_guard
    if data is None or data.metrics is None or guard.last is None or guard.held is not None:
        return None
    if data.energy_wh is None or is_clock_wrong(meter.client.answered_at, guard.last.read_at):
        return None
    source = data.metrics.source
    return Reading(
        total_wh=data.energy_wh,
        read_at=guard.last.read_at,
        device_id=meter.device_id,
        register_wh=guard.last.energy_wh,
        source=SOURCES[source] if source else None,
    )


class ReadingWatch:
    """Collect the readings of one meter that are not charged yet.

    Between two of them on one source, each at most `watched_for` after the other, that source is
    taken for seen all the time, and those in between are let go. Not so the first one after what
    is charged: whatever that was charged for, a midnight or new rates, lies between two polls then.
    """

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.waiting: tuple[Reading, ...] = ()
        self._last: Reading | None = None
        self._was_set_back = False

    def see(self, reading: Reading, watched_for: timedelta) -> bool:
        """Add a reading; return whether source or day (India) is another one than before."""
        last = self._last
        if last is not None and reading.read_at <= last.read_at:
            # The same reading again; or else the clock was set back, and until it has caught up
            # nobody can say when what is used was used.
            self._was_set_back |= reading.read_at < last.read_at
            return False
        is_watched = (
            last is not None
            and not self._was_set_back
            and reading.source is not None
            and reading.source is last.source
            and reading.device_id == last.device_id
            and reading.read_at - last.read_at <= watched_for
        )
        self._last, self._was_set_back = reading, False
        seen = replace(reading, is_watched=is_watched)
        earlier = self.waiting
        if len(earlier) > 1 and self._says_no_more(earlier[-1], seen):
            earlier = earlier[:-1]
        self.waiting = (*earlier, seen)
        return last is not None and self._is_news(last, reading)

    def forget(self, cursor: Reading) -> None:
        """Let go of what is charged."""
        self.waiting = tuple(each for each in self.waiting if each.read_at > cursor.read_at)

    @staticmethod
    def _says_no_more(before: Reading, new: Reading) -> bool:
        """Return whether the reading before tells nothing that the new one does not."""
        if new.is_watched:
            return before.is_watched
        return new.source is None and before.source is None and not before.is_watched

    @staticmethod
    def _is_news(last: Reading, new: Reading) -> bool:
        """Return whether what is used from now on costs something else, or is another day's."""
        is_other_source = None not in {last.source, new.source} and new.source is not last.source
        return is_other_source or day_of(new.read_at) != day_of(last.read_at)
