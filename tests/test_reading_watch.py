"""Which polled readings are kept until they are charged."""

from datetime import datetime, timedelta

from custom_components.qube.billing.models import INDIA, Reading, Source
from custom_components.qube.reading_watch import ReadingWatch

NOON = datetime(2026, 5, 13, 12, tzinfo=INDIA)
MINUTE = timedelta(minutes=1)


class Meter:
    """A meter that is polled at a minute, and uses 10 Wh in each."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.watch = ReadingWatch()

    def poll(self, minute: float, source: Source | None = Source.EB, *, device: str = "Q1") -> bool:
        """Poll; return whether what was seen is to be charged now."""
        reading = Reading(
            total_wh=int(minute * 10),
            read_at=NOON + minute * MINUTE,
            device_id=device,
            register_wh=int(minute * 10),
            source=source,
        )
        return self.watch.see(reading, 2.5 * MINUTE)

    def charge(self) -> None:
        """Charge all that was seen."""
        self.watch.forget(self.watch.waiting[-1])

    def kept(self) -> list[tuple[float, bool]]:
        """Return the minutes of what is kept, each with whether it was watched."""
        return [((each.read_at - NOON) / MINUTE, each.is_watched) for each in self.watch.waiting]


def test_of_what_was_watched_only_the_ends_are_kept() -> None:
    """The first poll follows none, the second is the first that was watched."""
    meter = Meter()
    for minute in range(6):
        assert not meter.poll(minute)
    assert meter.kept() == [(0, False), (5, True)]


def test_the_first_poll_after_a_charge_is_kept() -> None:
    """What that was charged for, as a midnight, lies between two polls then."""
    meter = Meter()
    meter.poll(0)
    meter.poll(1)
    meter.charge()
    for minute in range(2, 9):
        meter.poll(minute)
    assert meter.kept() == [(2, True), (8, True)]


def test_a_switch_of_the_source_is_to_be_charged() -> None:
    """And both its ends are kept."""
    meter = Meter()
    for minute in range(4):
        meter.poll(minute)
    assert meter.poll(4, Source.DG)
    assert not meter.poll(5, Source.DG)
    assert meter.kept() == [(0, False), (3, True), (4, False), (5, True)]


def test_a_source_that_is_not_seen_has_not_switched() -> None:
    """Nor is it watched; of such polls only the last one tells something."""
    meter = Meter()
    meter.poll(0)
    for minute in range(1, 5):
        assert not meter.poll(minute, None)
    assert meter.kept() == [(0, False), (4, False)]


def test_a_new_day_is_to_be_charged() -> None:
    """In India."""
    meter = Meter()
    assert not meter.poll(719)
    assert meter.poll(720)
    assert not meter.poll(721)


def test_what_is_far_apart_or_of_another_device_was_not_watched() -> None:
    """Nobody saw what was between."""
    meter = Meter()
    meter.poll(0)
    meter.poll(3)
    meter.poll(4, device="Q2")
    assert meter.kept() == [(0, False), (3, False), (4, False)]


def test_the_same_reading_again_changes_nothing() -> None:
    """Listeners are told more often than the meter is read."""
    meter = Meter()
    meter.poll(0)
    meter.poll(1)
    meter.poll(1)
    meter.poll(2)
    assert meter.kept() == [(0, False), (2, True)]


def test_until_a_clock_that_was_set_back_has_caught_up_nothing_is_watched() -> None:
    """Minutes are told twice; the first poll after them follows none."""
    meter = Meter()
    meter.poll(0)
    meter.poll(1)
    for minute in (-8, -5, 0.5):
        assert not meter.poll(minute)
    meter.poll(2)
    meter.poll(3)
    assert meter.kept() == [(0, False), (1, True), (2, False), (3, True)]
