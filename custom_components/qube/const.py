"""Names and numbers that several files share."""

from datetime import timedelta, timezone
import logging
from typing import Final

DOMAIN: Final = "qube"
LOGGER: Final = logging.getLogger(__package__)

CONF_READING_INTERVAL: Final = "reading_interval"
DEFAULT_READING_INTERVAL_S: Final = 60
MIN_READING_INTERVAL_S: Final = 30
MAX_READING_INTERVAL_S: Final = 900

CONF_HISTORY_DAYS: Final = "history_days"
DEFAULT_HISTORY_DAYS: Final = 365
MAX_HISTORY_DAYS: Final = 3650

INVENTORY_INTERVAL: Final = timedelta(minutes=5)
DETAILS_INTERVAL: Final = timedelta(minutes=5)

# Of the config entry: which ledger the account has had since its first tenancy.
CONF_LEDGER_ID: Final = "ledger_id"

# Qube's days and hours, whatever zone Home Assistant is in.
INDIA: Final = timezone(timedelta(hours=5, minutes=30), "IST")

EVENT_METER_REPLACED: Final = "qube_meter_replaced"
EVENT_REPLACEMENT_UNDONE: Final = "qube_meter_replacement_undone"
ATTR_OLD_QUBE_DEVICE: Final = "old_qube_device"
ATTR_NEW_QUBE_DEVICE: Final = "new_qube_device"

# The fields of actions about a range of days.
ATTR_FROM: Final = "from"
ATTR_TO: Final = "to"
