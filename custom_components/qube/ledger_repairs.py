"""Repairs about an account's ledger: what is wrong with it, and an older file to confirm."""

from typing import TYPE_CHECKING, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)

from .billing.errors import BillingError
from .const import DOMAIN

if TYPE_CHECKING:
    from .books import Books

RESTORED: Final = "ledger_restored"
KEYS: Final = (
    RESTORED,
    "ledger_missing",
    "ledger_damaged",
    "ledger_too_new",
    "ledger_not_writable",
)


@callback
def async_review_ledger(hass: HomeAssistant, entry: ConfigEntry, books: Books) -> None:
    """Tell what is wrong with a ledger; withdraw what is no longer."""
    error = books.error.key if books.error else RESTORED if books.is_restored else None
    for key in KEYS:
        if key != error:
            async_delete_issue(hass, DOMAIN, _issue_id(key, entry))
    if error in KEYS:
        async_create_issue(
            hass,
            DOMAIN,
            _issue_id(error, entry),
            data={"entry_id": entry.entry_id},
            is_fixable=error == RESTORED,
            severity=IssueSeverity.ERROR,
            translation_key=error,
            translation_placeholders={"account": entry.title, "file": str(books.path)},
        )


@callback
def async_withdraw_ledger(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell nothing more about the ledger of an account that is not loaded."""
    for key in KEYS:
        async_delete_issue(hass, DOMAIN, _issue_id(key, entry))


def ledger_flow(entry: ConfigEntry | None, issue_id: str) -> RepairsFlow | None:
    """Return the flow that confirms an older ledger, None where the issue is another one."""
    if entry is None or issue_id != _issue_id(RESTORED, entry):
        return None
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return RestoredLedgerFlow(entry.runtime_data.books)


def _issue_id(key: str, entry: ConfigEntry) -> str:
    return f"{key}_{entry.entry_id}"


class RestoredLedgerFlow(ConfirmRepairFlow):
    """Go on with a ledger of an older backup."""

    def __init__(self, books: Books) -> None:
        """Repair the books of one account."""
        super().__init__()
        self._books = books

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Let billing cut again once the owner has entered what is missing."""
        if user_input is not None:
            try:
                await self._books.async_confirm_restored()
            except BillingError:
                # It stays unconfirmed, and the question stays with it.
                return self.async_abort(reason="not_now")
        return await super().async_step_confirm(user_input)
