"""Somebody who enters a tenancy, one form after the other."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigSubentry,
    SubentryFlowResult,
)
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import get_schema_suggested_value

from custom_components.qube.tenancy_terms import SUBENTRY_TENANCY
from tests.account import Account
from tests.simulator import SimulatedMeter

TENANT: Final = "Asha Rao"
NOW: Final = {"start": "now"}
USE_IT: Final = {"next_step_id": "rates"}
RATES: Final = {"eb_rate": "6.50", "dg_rate": "18", "monthly_charge": "150", "tax": "18"}
CUTTING: Final = {"cuts": False, "restores": True, "reconnects_always": False}
CHECKS: Final = {"check_interval": "day", "check_time": "23:59:00", "check_weekday": "sunday"}
PREPAID: Final[Mapping[str, Any]] = {
    "opening_credit": "3,000.00",
    "cut_off": "100",
    "warning_levels": ["200", "500"],
    "emergency_credit": "0",
    "checks": CHECKS,
    "cutting": CUTTING,
    "protection": {},
}
POSTPAID: Final[Mapping[str, Any]] = {
    "billing_day": 25.0,
    "due_days": 10.0,
    "cutting": CUTTING,
    "protection": {},
}


class MoveIn:
    """The forms of one tenancy, from the first to the last."""

    def __init__(self, account: Account) -> None:
        """Begin with nothing open."""
        self._account = account
        self._flows = account.hass.config_entries.subentries
        self.result: SubentryFlowResult = {}  # type: ignore[typeddict-item]

    async def open(self) -> SubentryFlowResult:
        """Open the first form."""
        self.result = await self._flows.async_init(
            (self._account.entry.entry_id, SUBENTRY_TENANCY), context={"source": SOURCE_USER}
        )
        return self.result

    async def reconfigure(self, tenancy: ConfigSubentry) -> SubentryFlowResult:
        """Open the form of what may change later."""
        self.result = await self._flows.async_init(
            (self._account.entry.entry_id, SUBENTRY_TENANCY),
            context={"source": SOURCE_RECONFIGURE, "subentry_id": tenancy.subentry_id},
        )
        return self.result

    async def submit(self, fields: Mapping[str, Any]) -> SubentryFlowResult:
        """Fill in the form that is open."""
        self.result = await self._flows.async_configure(self.result["flow_id"], dict(fields))
        await self._account.settle()
        return self.result

    async def to_start(
        self, meter: SimulatedMeter, plan: str = "prepaid", tenant: str = TENANT
    ) -> SubentryFlowResult:
        """Say who rents which meter, up to the form of the start."""
        await self.open()
        return await self.submit({"tenant": tenant, "meter": meter.device_id, "plan": plan})

    async def to_rates(
        self, meter: SimulatedMeter, plan: str = "prepaid", start: Mapping[str, str] = NOW
    ) -> SubentryFlowResult:
        """Go on to the form of rates."""
        await self.to_start(meter, plan)
        await self.submit(start)
        return await self.submit(USE_IT)

    async def to_terms(self, meter: SimulatedMeter, plan: str = "prepaid") -> SubentryFlowResult:
        """Go on to the form of the plan."""
        await self.to_rates(meter, plan)
        return await self.submit(RATES)

    async def to_end(self, meter: SimulatedMeter, plan: str = "prepaid") -> SubentryFlowResult:
        """Go on to what follows the form of the plan: the end, or the form of the mode."""
        await self.to_terms(meter, plan)
        return await self.submit(PREPAID if plan == "prepaid" else POSTPAID)

    @property
    def step(self) -> str:
        """Return which form, or menu, is open."""
        assert self.result["type"] in (FlowResultType.FORM, FlowResultType.MENU)
        return self.result["step_id"]

    @property
    def errors(self) -> dict[str, str]:
        """Return what is wrong with the form that is open."""
        return self.result["errors"] or {}

    @property
    def is_done(self) -> bool:
        """Return whether there is a tenancy now."""
        return self.result["type"] is FlowResultType.CREATE_ENTRY

    @property
    def reason(self) -> str:
        """Return why it ended without a tenancy."""
        assert self.result["type"] is FlowResultType.ABORT
        return self.result["reason"]

    def suggested(self, field: str, section: str | None = None) -> Any:  # noqa: ANN401
        """Return what a field of the open form shows."""
        schema = self.result["data_schema"]
        assert schema is not None
        fields = schema.schema[section].schema if section else schema
        return get_schema_suggested_value(fields.schema, field)

    @property
    def tenancies(self) -> list[ConfigSubentry]:
        """Return the tenancies that the account has."""
        return list(self._account.entry.get_subentries_of_type(SUBENTRY_TENANCY))
