"""A repair that says since when the cloud has not been reached, once that takes hours."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .inventory import InventoryCoordinator

# Shorter outages mend themselves before anybody could do something about them.
OUTAGE_BEFORE_TELLING: Final = timedelta(hours=2)


class OutageWatch:
    """Tell the owner of an account when its list of spaces has not been read for hours.

    The watch is a timer that each success winds up again, so it depends on no further poll.
    """

    def __init__(self, hass: HomeAssistant, inventory: InventoryCoordinator) -> None:
        """Watch an inventory that has been read."""
        self._hass = hass
        self._inventory = inventory
        self._entry = inventory.config_entry
        self._issue_id = f"cloud_unreachable_{self._entry.entry_id}"
        self._stop: CALLBACK_TYPE | None = None

    @callback
    def async_follow(self) -> None:
        """Watch from now on, until the account is unloaded."""
        self._entry.async_on_unload(self._inventory.async_add_listener(self._async_review))
        self._entry.async_on_unload(self._async_withdraw)
        self._async_review()

    @callback
    def _async_review(self) -> None:
        if self._inventory.last_update_success:
            self._async_withdraw()
            self._stop = async_call_later(
                self._hass,
                OUTAGE_BEFORE_TELLING,
                HassJob(self._async_tell, "qube outage", cancel_on_shutdown=True),
            )

    @callback
    def _async_withdraw(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None
        async_delete_issue(self._hass, DOMAIN, self._issue_id)

    @callback
    def _async_tell(self, now: datetime) -> None:
        self._stop = None
        # An owner who has switched polling off waits for nothing; and where the key is refused,
        # Home Assistant asks for a new one by itself, with a repair of its own.
        if self._inventory.last_update_success or self._inventory.is_key_rejected:
            return
        since = dt_util.as_local(now - OUTAGE_BEFORE_TELLING)
        async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=IssueSeverity.WARNING,
            translation_key="cloud_unreachable",
            translation_placeholders={
                "account": self._entry.title,
                "since": f"{since:%Y-%m-%d %H:%M}",
            },
        )
