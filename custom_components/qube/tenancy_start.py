"""Where a tenancy begins: with a reading that no tenant before was charged for."""

from .billing.models import Reading
from .const import INDIA
from .coordinator import MeterCoordinator
from .days import today
from .meter_tenancies import async_last_charged
from .opening_reading import async_reading_before, async_reading_now
from .runtime import QubeConfigEntry
from .tenancy_input import Entered


async def async_find_opening(
    account: QubeConfigEntry, meter: MeterCoordinator, entered: Entered
) -> Reading | None:
    """Return the opening reading of what was entered; say what is wrong where there is none.

    Raises QubeError where the cloud does not tell, LedgerError where nobody knows what was charged.
    """
    day = entered.first_day(today())
    if entered.errors:
        return None
    if day is None:
        opened = await async_reading_now(meter)
    else:
        opened = await async_reading_before(meter, day)
    if opened is None:
        entered.refuse("base", "no_reading_that_day" if day else "no_reading_now")
        return None
    charged = await async_last_charged(account, meter.key)
    if charged is not None and opened.total_wh < charged.total_wh:
        entered.refuse("base", "used_by_last_tenant", {"time": shown_time(charged)})
        return None
    return opened


def shown_time(reading: Reading) -> str:
    """Return when a reading was, in India, as forms show it."""
    return f"{reading.read_at.astimezone(INDIA):%Y-%m-%d %H:%M}"
