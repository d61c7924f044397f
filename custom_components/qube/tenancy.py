"""One tenancy while it runs: what is charged when, and what follows from it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .billing.bills import StoredBill
from .billing.errors import BillingError, LedgerError, RefusedError
from .billing.models import Plan, Rates, TenancyRecord, Transaction
from .billing.terms import next_check
from .books import Books
from .const import LOGGER
from .coordinator import MeterCoordinator
from .devices import Devices
from .runtime import QubeConfigEntry
from .tenancy_events import TenancyEvent, TenancyEventListener
from .tenancy_meter import TenancyMeter
from .tenancy_terms import TenancyTerms
from .tenancy_view import TenancyView

# A history that could not be read, or a cut that waits for something to pass, is tried again.
RETRY_DELAY: Final = timedelta(minutes=5)
