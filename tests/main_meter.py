"""A building with a main meter: the records at FlatPeak, the meters behind it, and who asks."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentry,
    ConfigSubentryData,
    SubentryFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_schema_suggested_value

from custom_components.qube.const import DOMAIN
from custom_components.qube.days import today
from custom_components.qube.site_meter import SiteMeter
from custom_components.qube.site_terms import SUBENTRY_SITE_METER
from tests.history_account import midnight
from tests.simulator import SimulatedCloud
from tests.simulator.clock import to_ms
from tests.simulator.site import ACCOUNT_ID, SimulatedFlatPeak, SimulatedSite

DEVICE: Final = "dev_63a6087272941ef077a8fd3e"
# How much history is wanted.
DAYS: Final = 6
KEY: Final = "canary-site-key-8b1d"
PRICE_MILLIPAISE: Final = 800_000
# What is lost between the main meter and the others: a stairway, and cables.
LOST_WH_PER_HOUR: Final = 120


def lost_wh(first: date, last: date) -> int:
    """Return what is lost in some days, both included."""
    start, end = midnight(first), midnight(last + timedelta(days=1))
    at = [to_ms(moment) // 1000 * LOST_WH_PER_HOUR // 3600 for moment in (start, end)]
    return at[1] - at[0]


def subentry_data(address: str, space_id: int, **changes: Any) -> ConfigSubentryData:  # noqa: ANN401
    """Return the subentry of the main meter."""
    data = {
        "url": address,
        "account_id": ACCOUNT_ID,
        "api_key": KEY,
        "token": None,
        "device_id": DEVICE,
        "space_id": space_id,
        "unit": "kwh",
        "flows": ["import"],
        "price_millipaise_per_kwh": PRICE_MILLIPAISE,
    }
    return ConfigSubentryData(
        data=data | changes,
        subentry_type=SUBENTRY_SITE_METER,
        title="House main meter",
        unique_id=DEVICE,
    )


class Building:
    """An account with a main meter, as a test sees it."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        cloud: SimulatedCloud,
        flatpeak: SimulatedFlatPeak,
        address: str,
    ) -> None:
        """Take both clouds, of which FlatPeak's is served at an address."""
        self.hass = hass
        self.entry = entry
        self.cloud = cloud
        self.flatpeak = flatpeak
        self.address = address
        self.space = next(iter(cloud.spaces.values()))
        self.result: SubentryFlowResult = {}  # type: ignore[typeddict-item]

    @property
    def site(self) -> SiteMeter:
        """Return the main meter as it runs."""
        (site,) = self.entry.runtime_data.site_meters
        assert isinstance(site, SiteMeter)
        return site

    @property
    def simulated(self) -> SimulatedSite:
        """Return the main meter at FlatPeak."""
        return self.flatpeak.sites[DEVICE]

    @property
    def subentry(self) -> ConfigSubentry:
        """Return what the account keeps of it."""
        (subentry,) = self.entry.get_subentries_of_type(SUBENTRY_SITE_METER)
        return subentry

    async def settle(self) -> None:
        """Wait until everything under way is done."""
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def read(self) -> None:
        """Read the records again."""
        await self.site.async_refresh()
        await self.settle()

    def state(self, key: str) -> str:
        """Return what a sensor shows."""
        unique_id = f"site_{self.subentry.subentry_id}_{key}"
        entity_id = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, unique_id)
        assert entity_id is not None, key
        state = self.hass.states.get(entity_id)
        assert state is not None, key
        return state.state

    @property
    def device(self) -> dr.DeviceEntry:
        """Return the main meter's device."""
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, f"site_{self.subentry.subentry_id}"), self.entry.entry_id
        )
        assert device is not None
        return device

    async def ask(self, action: str, **data: Any) -> Any:  # noqa: ANN401
        """Call an action about the main meter, and return its answer."""
        return await self.hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": self.device.id, **data},
            blocking=True,
            return_response=True,
        )

    def true_kwh(self, first: date, last: date, direction: str = "INBOUND") -> float:
        """Return what flowed in some days, both included."""
        end = midnight(last + timedelta(days=1))
        return self.simulated.true_wh(midnight(first), end, direction) / 1000

    async def open(self) -> SubentryFlowResult:
        """Open the first form of a main meter."""
        self.result = await self.hass.config_entries.subentries.async_init(
            (self.entry.entry_id, SUBENTRY_SITE_METER), context={"source": SOURCE_USER}
        )
        return self.result

    async def reconfigure(self) -> SubentryFlowResult:
        """Open the form of what may change."""
        self.result = await self.hass.config_entries.subentries.async_init(
            (self.entry.entry_id, SUBENTRY_SITE_METER),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": self.subentry.subentry_id},
        )
        return self.result

    async def submit(self, fields: Mapping[str, Any]) -> SubentryFlowResult:
        """Fill in the form that is open."""
        self.result = await self.hass.config_entries.subentries.async_configure(
            self.result["flow_id"], dict(fields)
        )
        await self.settle()
        return self.result

    def suggested(self, field: str) -> Any:  # noqa: ANN401
        """Return what a field of the open form shows."""
        schema = self.result["data_schema"]
        assert schema is not None
        return get_schema_suggested_value(schema.schema, field)

    @property
    def advanced(self) -> dict[str, Any]:
        """Return the address as a form takes it."""
        return {"advanced": {"url": self.address}}


def yesterday() -> date:
    """Return the day before today in India."""
    return today() - timedelta(days=1)
