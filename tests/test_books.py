"""The ledger of an account in Home Assistant: what is sick is told, stops money, and comes back."""

from pathlib import Path
import threading

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
import pytest

from custom_components.qube.billing import ledger_file
from custom_components.qube.billing.errors import LedgerError, RefusedError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.supply_models import SupplyState
from custom_components.qube.books import RETRY_DELAY, Books
from tests.account import trouble_in
from tests.rented_room import HOUR, MINUTE, RentedRoom, let_draw
from tests.truth import CREDIT_PAISE, Truth


def damage(path: Path) -> None:
    """Make a file no ledger."""
    path.write_bytes(b"no ledger")


def take_away(path: Path) -> None:
    """Lose a file."""
    path.unlink()


def is_sound(room: RentedRoom) -> bool:
    """Return whether the ledger can be used."""
    return room.books.is_sound


@pytest.mark.parametrize(
    ("harm", "key"), [(damage, "ledger_damaged"), (take_away, "ledger_missing")]
)
async def test_a_ledger_that_cannot_be_used_charges_and_cuts_nobody_until_it_is_back(
    room: RentedRoom, harm: object, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is never begun anew; put back, all of the time between is charged."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE)
    truth = Truth(room)
    await truth.pass_by(4)
    await room.unload()
    good = room.path.read_bytes()
    assert callable(harm)
    harm(room.path)
    harmed = room.path.read_bytes() if room.path.exists() else None
    caplog.clear()
    await room.load()
    await truth.pass_by(12)
    assert not is_sound(room)
    issue = room.issue(key)
    assert issue is not None
    assert issue.translation_placeholders == {"account": "Lakeside", "file": str(room.path)}
    assert room.supply() is not SupplyState.CUT
    assert room.tenancy.view.is_charging is False
    assert (room.path.read_bytes() if room.path.exists() else None) == harmed
    # Once, and not at each try.
    assert trouble_in(caplog) == [f"The ledger of Lakeside cannot be used: {key}"]
    with pytest.raises(LedgerError, match=key):
        await room.books.async_run(Ledger.check)

    room.path.write_bytes(good)
    await truth.pass_by(6)
    assert is_sound(room)
    assert room.issue(key) is None
    assert room.supply() is SupplyState.CUT
    assert await truth.is_charged()


async def test_a_full_disk_stops_charging_and_cutting_until_there_is_room(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of the day; no restart is needed."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE)
    truth = Truth(room)
    await truth.pass_by(4)

    def refuse(*_: object, **__: object) -> None:
        raise LedgerError("ledger_not_writable")

    with monkeypatch.context() as patched:
        for name in ("post_charges", "set_memory", "add_intent"):
            patched.setattr(Ledger, name, refuse)
        await truth.pass_by(12)
        assert truth.is_owing()
        assert room.has_power()
        assert room.tenancy.view.is_charging is False
    await room.machine.run(RETRY_DELAY + HOUR, 5 * MINUTE)
    assert room.issue("ledger_not_writable") is None
    assert room.supply() is SupplyState.CUT
    assert await truth.is_charged()


async def test_books_that_are_closed_do_nothing_more(room: RentedRoom) -> None:
    """As when Home Assistant stops: after it nothing could be lost by a loss of power."""
    await room.load()
    await room.rent()
    books = room.books
    room.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await room.settle()
    with pytest.raises(LedgerError, match="ledger_closed"):
        await books.async_run(Ledger.check)
    await books.async_open()
    with pytest.raises(LedgerError, match="ledger_closed"):
        await books.async_run(Ledger.check)


async def test_what_waits_for_the_thread_is_refused_once_the_books_are_closed(
    room: RentedRoom,
) -> None:
    """Nothing is done half."""
    await room.load()
    await room.rent()
    books = room.books
    closing = room.hass.async_create_task(books.async_close(), eager_start=True)
    with pytest.raises(LedgerError, match="ledger_closed"):
        await books.async_run(Ledger.check)
    await closing


async def test_books_without_a_tenancy_have_no_ledger(room: RentedRoom) -> None:
    """None is made before it is needed."""
    await room.load()
    assert not room.books.has_ledger
    with pytest.raises(RefusedError, match="no_ledger"):
        await room.books.async_run(Ledger.check)
    assert not room.path.exists()


async def test_a_backup_that_cannot_begin_leaves_no_ledger_that_seems_restored(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It failed half-way: the mark was made, the file not let alone."""
    await room.load()
    await room.rent()
    begin = Ledger.begin_backup

    def begin_and_fail(ledger: Ledger) -> None:
        begin(ledger)
        raise LedgerError("ledger_not_writable")

    monkeypatch.setattr(Ledger, "begin_backup", begin_and_fail)
    with pytest.raises(LedgerError):
        await room.books.async_run(Ledger.begin_backup)
    await room.machine.run(RETRY_DELAY + MINUTE, MINUTE)
    assert is_sound(room)
    assert not room.books.is_restored


async def test_a_backup_ends_with_home_assistant(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one finds no ledger that seems restored."""
    await room.load()
    await room.rent()
    await room.books.async_run(Ledger.begin_backup)
    room.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await room.settle()
    monkeypatch.setattr(ledger_file, "_copied_now", set())
    await room.unload()
    await room.load()
    assert is_sound(room)
    assert not room.books.is_restored


async def test_a_backup_whose_end_cannot_be_written_stops_nobody(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home Assistant stops on a full disk: the next one opens the ledger, and asks its owner."""
    await room.load()
    await room.rent()
    await room.books.async_run(Ledger.begin_backup)

    def refuse(_ledger: Ledger) -> None:
        raise LedgerError("ledger_not_writable")

    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "end_backup", refuse)
        room.hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await room.settle()
    monkeypatch.setattr(ledger_file, "_copied_now", set())
    await room.unload()
    await room.load()
    assert is_sound(room)
    assert room.books.is_restored


async def test_who_comes_while_a_sick_ledger_is_opened_anew_is_told_why_it_was_sick(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is closed by then, and the new one is not there yet."""
    await room.load()
    await room.rent()
    books, may_open = room.books, threading.Event()
    real = Ledger.open

    def fail(_ledger: Ledger) -> None:
        raise LedgerError("ledger_not_writable")

    def open_late(path: Path, *, expected_id: str | None) -> Ledger:
        may_open.wait(10)
        return real(path, expected_id=expected_id)

    with pytest.raises(LedgerError):
        await books.async_run(fail)
    monkeypatch.setattr(Ledger, "open", open_late)
    opening = room.hass.async_create_task(books.async_open(), eager_start=True)
    with pytest.raises(LedgerError, match="ledger_not_writable"):
        await books.async_run(Ledger.check)
    may_open.set()
    await opening
    await books.async_run(Ledger.check)


async def test_what_fails_while_the_books_are_closed_is_told_to_nobody_else(
    room: RentedRoom, caplog: pytest.LogCaptureFixture
) -> None:
    """No repair is left of an account that is not there, and nothing is tried again."""
    await room.load()
    await room.rent()
    books, may_fail = room.books, threading.Event()

    def fail(_ledger: Ledger) -> None:
        may_fail.wait(10)
        raise LedgerError("ledger_not_writable")

    failing = room.hass.async_create_task(books.async_run(fail), eager_start=True)
    closing = room.hass.async_create_task(books.async_close(), eager_start=True)
    may_fail.set()
    with pytest.raises(LedgerError, match="ledger_not_writable"):
        await failing
    await closing
    assert room.issue("ledger_not_writable") is None
    assert "cannot be used" not in caplog.text


async def test_books_are_opened_once_by_many(
    room: RentedRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second finds them open."""
    await room.load()
    await room.rent()
    opened: list[Path] = []
    real = Ledger.open

    def count(path: Path, *, expected_id: str | None) -> Ledger:
        opened.append(path)
        return real(path, expected_id=expected_id)

    monkeypatch.setattr(Ledger, "open", count)
    again = Books(room.hass, room.entry)
    await room.unload()
    for _ in range(2):
        await again.async_open()
    assert opened == [room.path]
    await again.async_close()
