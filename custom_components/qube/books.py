"""The ledger of an account in Home Assistant: one file, one thread, and what is done when sick."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.storage import STORAGE_DIR

from .billing.errors import LedgerError, RefusedError
from .billing.ledger import Ledger
from .const import CONF_LEDGER_ID, DOMAIN, LOGGER
from .ledger_repairs import async_review_ledger, async_withdraw_ledger
from .runtime import QubeConfigEntry

# A full disk or a file that was put back needs no restart.
RETRY_DELAY: Final = timedelta(minutes=5)


class Books:
    """Keep the ledger of one account open, and let one thread use it.

    A sick ledger is told as a repair, and tried again every few minutes. Nothing is created before
    `async_open` is called for the first tenancy.
    """

    def __init__(self, hass: HomeAssistant, entry: QubeConfigEntry) -> None:
        """Prepare the books of a config entry; nothing is opened or created yet."""
        self.entry = entry
        self.path = ledger_path(hass, entry.entry_id)
        self._hass = hass
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qube_ledger")
        self._opening = asyncio.Lock()
        self._ledger: Ledger | None = None
        self._error: LedgerError | None = None
        self._is_restored = False
        self._is_closed = False
        self._listeners: set[Callable[[], None]] = set()
        self._stop_retry: CALLBACK_TYPE | None = None
        self._stop_listening: CALLBACK_TYPE | None = None

    @property
    def has_ledger(self) -> bool:
        """Return whether the account has, or should have, a ledger."""
        return CONF_LEDGER_ID in self.entry.data

    @property
    def error(self) -> LedgerError | None:
        """Return why the ledger cannot be used; None while it is sound, or not needed yet."""
        return self._error

    @property
    def is_sound(self) -> bool:
        """Return whether the ledger can be written: charging goes on."""
        return self._ledger is not None and self._error is None

    @property
    def is_restored(self) -> bool:
        """Return whether the file is of an older backup, not yet confirmed: nothing is cut."""
        return self._is_restored

    @callback
    def async_add_listener(self, listener: Callable[[], None]) -> CALLBACK_TYPE:
        """Call when the ledger becomes sick, sound, or confirmed; return what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    async def async_open(self) -> None:
        """Open the ledger, or create it where the account has never had one.

        A ledger that cannot be opened is told as a repair, and `error` says why.
        """
        async with self._opening:
            if self._is_closed or self.is_sound:
                return
            if self._stop_listening is None:
                self._stop_listening = self._hass.bus.async_listen_once(
                    EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_stop
                )
            expected_id = self.entry.data.get(CONF_LEDGER_ID)
            try:
                ledger_id = await self._async_in_thread(lambda: self._open(expected_id))
            except LedgerError as err:
                self._set_error(err)
                return
            if expected_id != ledger_id:
                # Known before anything is written: a ledger that is missing later is missed.
                self._hass.config_entries.async_update_entry(
                    self.entry, data={**self.entry.data, CONF_LEDGER_ID: ledger_id}
                )
            self._set_error(None)

    async def async_run[T](self, job: Callable[[Ledger], T]) -> T:
        """Run a job with the ledger in its thread, one after the other, and return its result.

        Raises LedgerError where the ledger is sick, RefusedError as the job does, or where the
        account has never had a tenancy (`no_ledger`).
        """
        if self._is_closed:
            raise LedgerError("ledger_closed")
        ledger = self._ledger
        is_opened_anew = self._error is not None and self._opening.locked()
        if ledger is None or is_opened_anew:
            raise self._error or RefusedError("no_ledger")
        try:
            return await self._async_in_thread(lambda: job(ledger))
        except LedgerError as err:
            self._set_error(err)
            raise

    async def async_confirm_restored(self) -> None:
        """Go on with the older file, as the owner says."""
        await self.async_run(Ledger.confirm_restored)
        self._is_restored = False
        self._tell()

    async def async_close(self) -> None:
        """Close the ledger once what waits for it is done; nothing can be done with it after."""
        if self._is_closed:
            return
        self._is_closed = True
        self._cancel_retry()
        async_withdraw_ledger(self._hass, self.entry)
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        await self._async_in_thread(self._close)
        # It has nothing left to do, but needs a moment to end.
        await self._hass.async_add_executor_job(self._thread.shutdown)

    async def _async_stop(self, _event: Event) -> None:
        self._stop_listening = None
        await self._async_in_thread(self._end_backup)
        await self.async_close()

    def _async_in_thread[T](self, job: Callable[[], T]) -> asyncio.Future[T]:
        return self._hass.loop.run_in_executor(self._thread, job)

    def _open(self, expected_id: str | None) -> str:
        """Open the ledger, which checks it; runs in its thread."""
        self._close()
        ledger = Ledger.open(self.path, expected_id=expected_id)
        self._ledger = ledger
        self._is_restored = ledger.is_restored
        return ledger.ledger_id

    def _close(self) -> None:
        """Close the ledger; runs in its thread."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def _end_backup(self) -> None:
        """End a backup that stops with Home Assistant; runs in the thread."""
        if self._ledger is not None and self._ledger.is_in_backup:
            # Else the next Home Assistant would take it for a file that was restored.
            with suppress(LedgerError):
                self._ledger.end_backup()

    @callback
    def _set_error(self, error: LedgerError | None) -> None:
        """Remember how the ledger is; say so, and try again where it is sick."""
        if self._is_closed:
            return
        was_told = self._error
        self._error = error
        if error is not None and self._stop_retry is None:
            self._stop_retry = async_call_later(
                self._hass,
                RETRY_DELAY,
                HassJob(
                    self._async_retry, f"ledger of {self.entry.title}", cancel_on_shutdown=True
                ),
            )
        if (error and error.key) != (was_told and was_told.key):
            if error is not None:
                LOGGER.error("The ledger of %s cannot be used: %s", self.entry.title, error.key)
            else:
                LOGGER.info("The ledger of %s can be used again", self.entry.title)
        self._tell()

    @callback
    def _tell(self) -> None:
        async_review_ledger(self._hass, self.entry, self)
        for listener in tuple(self._listeners):
            listener()

    async def _async_retry(self, _now: datetime) -> None:
        self._stop_retry = None
        await self.async_open()

    @callback
    def _cancel_retry(self) -> None:
        if self._stop_retry is not None:
            self._stop_retry()
            self._stop_retry = None


def ledger_path(hass: HomeAssistant, entry_id: str) -> Path:
    """Return the file of an account's ledger; it stays when the account is removed."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry_id}.ledger"))


@asynccontextmanager
async def async_books_of(hass: HomeAssistant, entry: QubeConfigEntry) -> AsyncIterator[Books]:
    """Yield the books of an account, also while it is not loaded: the cloud is down at start.

    So what is in the ledger can always be read, and a payment always be recorded.
    """
    async with entry.setup_lock:
        if entry.state is not ConfigEntryState.LOADED:
            books = Books(hass, entry)
            try:
                if books.has_ledger:
                    await books.async_open()
                yield books
            finally:
                await books.async_close()
            return
    yield entry.runtime_data.books
