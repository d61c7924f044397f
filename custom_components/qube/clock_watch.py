"""Whether the clock of Home Assistant is right, by the cloud's: readings are dated by it.

A clock that is months ahead for an hour would issue bills of months to come, for ever.
"""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)
from homeassistant.util import dt as dt_util

from .const import CONF_LEDGER_ID, DOMAIN
from .inventory import InventoryCoordinator

# An answer may be some seconds old, and a clock some minutes off: no bill is wrong by that.
TOLERANCE: Final = timedelta(minutes=15)


def is_clock_wrong(cloud_time: datetime | None, own_time: datetime) -> bool:
    """Return whether two clocks contradict each other; without the cloud's nothing does."""
    return cloud_time is not None and abs(own_time - cloud_time) > TOLERANCE


class ClockWatch:
    """Tell the owner of an account that nothing is charged as long as the clock is wrong."""

    def __init__(self, hass: HomeAssistant, inventory: InventoryCoordinator) -> None:
        """Watch the answers that an inventory gets."""
        self._hass = hass
        self._inventory = inventory
        self._entry = inventory.config_entry
        self._issue_id = f"clock_wrong_{self._entry.entry_id}"

    @callback
    def async_follow(self) -> None:
        """Watch from now on, until the account is unloaded."""
        self._entry.async_on_unload(self._inventory.async_add_listener(self._async_review))
        self._entry.async_on_unload(self._async_withdraw)
        self._async_review()

    @callback
    def _async_review(self) -> None:
        if not self._inventory.last_update_success:
            return
        is_wrong = is_clock_wrong(self._inventory.client.answered_at, dt_util.utcnow())
        # Who has no tenants is not asked to do anything for them.
        if not is_wrong or CONF_LEDGER_ID not in self._entry.data:
            self._async_withdraw()
            return
        async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=IssueSeverity.ERROR,
            translation_key="clock_wrong",
            translation_placeholders={"account": self._entry.title},
        )

    @callback
    def _async_withdraw(self) -> None:
        async_delete_issue(self._hass, DOMAIN, self._issue_id)
