"""What an owner enters when a tenant moves in, and what may change later."""

from decimal import Decimal

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.exceptions import HomeAssistantError
import probatio

from .api import Mode, QubeAuthenticationError, QubeError
from .billing.errors import LedgerError
from .billing.models import Plan, Reading
from .commands import async_execute, mode
from .coordinator import MeterCoordinator
from .errors import translation_of
from .meter_tenancies import is_taken
from .runtime import QubeConfigEntry
from .tenancy_forms import (
    CHANGE_SCHEMAS,
    CONFIRM_SCHEMA,
    MODE_SCHEMA,
    RATES_SCHEMA,
    START_SCHEMA,
    SUPPLY_SCHEMAS,
    parties_schema,
    rates_shown,
    supply_shown,
)
from .tenancy_input import Entered, UserInput
from .tenancy_start import async_find_opening, shown_time
from .tenancy_terms import (
    StoredParties,
    StoredRates,
    StoredSupply,
    TenancyData,
    as_stored,
)


class TenancyFlow(ConfigSubentryFlow):
    """Begin a tenancy, or change what was chosen for it."""

    _parties: StoredParties
    _opened: Reading
    _rates: StoredRates
    _supply: StoredSupply
    _opening_credit_paise = 0

    def __init__(self) -> None:
        """Begin without anything to say about a start."""
        self._start_input: UserInput | None = None

    @property
    def _account(self) -> QubeConfigEntry:
        """Return the account; abort where it does not run, for nothing is known of its meters."""
        entry: QubeConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        return entry

    @property
    def _meter(self) -> MeterCoordinator:
        """Return the meter; abort where it was removed meanwhile."""
        meters = self._account.runtime_data.devices.meters
        if (meter := meters.get(self._parties["meter_key"])) is None:
            raise AbortFlow("meter_gone")
        return meter

    async def async_step_user(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask who rents which meter, and how it is paid."""
        account = self._account
        if account.runtime_data.books.error is not None:
            return self.async_abort(reason="ledger_unsound")
        meters = account.runtime_data.devices.meters
        names = {
            key: meter.name_with_space
            for key, meter in meters.items()
            if not is_taken(account, key)
        }
        if not names:
            return self.async_abort(reason="no_meter_free")
        entered = Entered(user_input or {})
        if user_input is not None:
            tenant, key = entered.tenant(), user_input["meter"]
            if key not in names:
                entered.refuse("meter", "meter_taken")
            self._parties = {"tenant": tenant, "meter_key": key, "plan": user_input["plan"]}
            if not entered.errors:
                return await self.async_step_start()
        return self._form("user", parties_schema(names), user_input, entered)

    async def async_step_start(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask from when on the tenant pays, and find the reading of that time."""
        entered = Entered(user_input or {})
        if user_input is not None:
            self._start_input = user_input
            try:
                opened = await async_find_opening(self._account, self._meter, entered)
            except QubeError as err:
                if isinstance(err, QubeAuthenticationError):
                    self._account.async_start_reauth(self.hass)
                entered.refuse("base", *translation_of(err))
                opened = None
            except LedgerError as err:
                raise AbortFlow("ledger_unsound") from err
            if opened is not None:
                self._opened = opened
                return await self.async_step_opening()
        return self._form("start", START_SCHEMA, self._start_input, entered)

    async def async_step_opening(self, _user_input: UserInput | None = None) -> SubentryFlowResult:
        """Show the opening reading, and ask whether it is right."""
        opened = self._opened
        return self.async_show_menu(
            step_id="opening",
            menu_options=["rates", "start"],
            description_placeholders={
                "meter": self._meter.name_with_space,
                "device_id": opened.device_id,
                "reading": f"{Decimal(opened.register_wh).scaleb(-3):f}",
                "time": shown_time(opened),
            },
        )

    async def async_step_rates(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask what the tenant pays."""
        entered = Entered(user_input or {})
        if user_input is not None:
            self._rates = entered.rates()
            if not entered.errors:
                is_prepaid = self._parties["plan"] == Plan.PREPAID
                step = self.async_step_prepaid if is_prepaid else self.async_step_postpaid
                return await step()
        suggested = user_input or rates_shown(self._meter)
        return self._form("rates", RATES_SCHEMA, suggested, entered)

    async def async_step_prepaid(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask when a tenant who pays before use is warned and cut."""
        return await self._async_supply(Plan.PREPAID, user_input)

    async def async_step_postpaid(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask when a tenant who pays after use is billed and cut."""
        return await self._async_supply(Plan.POSTPAID, user_input)

    async def _async_supply(self, plan: Plan, user_input: UserInput | None) -> SubentryFlowResult:
        entered = Entered(user_input or {})
        if user_input is not None:
            self._supply = entered.supply(plan, has_relay=_has_relay(self._meter))
            if plan is Plan.PREPAID:
                self._opening_credit_paise = entered.amount("opening_credit")
            if not entered.errors:
                return await self._async_look_at_mode()
        return self._form(plan, SUPPLY_SCHEMAS[plan], user_input, entered)

    async def _async_look_at_mode(self) -> SubentryFlowResult:
        """Begin where the meter only measures; else ask first to let it."""
        match _mode_of(self._meter):
            case Mode.MEASUREMENT:
                return self._begin()
            case Mode.PREPAID:
                return await self.async_step_mode_prepaid()
            case Mode.RELAY_OFF:
                return await self.async_step_mode_relay_off()
            case _:
                return await self.async_step_mode_other()

    async def async_step_mode_prepaid(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Change the mode, or begin nothing: two accounts would cut the same power."""
        return await self._async_mode("mode_prepaid", CONFIRM_SCHEMA, user_input)

    async def async_step_mode_relay_off(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Offer to change a mode in which no power can be restored."""
        return await self._async_mode("mode_relay_off", MODE_SCHEMA, user_input)

    async def async_step_mode_other(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Offer to change a mode that keeps a balance of its own, or is not known."""
        return await self._async_mode("mode_other", MODE_SCHEMA, user_input)

    async def _async_mode(
        self, step_id: str, schema: probatio.Schema, user_input: UserInput | None
    ) -> SubentryFlowResult:
        meter, entered = self._meter, Entered(user_input or {})
        entered.placeholders["meter"] = meter.name_with_space
        if user_input is not None:
            if user_input.get("measurement", True):
                try:
                    await async_execute(meter, mode(Mode.MEASUREMENT))
                except HomeAssistantError as err:
                    needed = {**(err.translation_placeholders or {}), **entered.placeholders}
                    entered.refuse("base", str(err.translation_key), needed)
            elif _mode_of(meter) is Mode.PREPAID:
                # Somebody changed it since it was looked at.
                return await self.async_step_mode_prepaid()
            if not entered.errors:
                return self._begin()
        return self._form(step_id, schema, user_input, entered)

    def _begin(self) -> SubentryFlowResult:
        """Create the tenancy, unless another one took the meter meanwhile."""
        if is_taken(self._account, self._parties["meter_key"]):
            return self.async_abort(reason="meter_taken")
        data: TenancyData = {
            **self._parties,
            **self._supply,
            "started_at": self._opened.read_at.isoformat(),
            "opened": as_stored(self._opened),
            "rates": self._rates,
            "opening_credit_paise": self._opening_credit_paise,
        }
        title = _title(data["tenant"], self._meter.name_of_place)
        return self.async_create_entry(title=title, data=data)

    async def async_step_reconfigure(
        self, _user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Open the form of the plan; a tenant who has moved out has nothing to change."""
        subentry = self._get_reconfigure_subentry()
        tenancy = self._account.runtime_data.tenancies.get(subentry.subentry_id)
        if tenancy is not None and tenancy.is_closed:
            return self.async_abort(reason="tenancy_closed")
        if subentry.data["plan"] == Plan.PREPAID:
            return await self.async_step_change_prepaid()
        return await self.async_step_change_postpaid()

    async def async_step_change_prepaid(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Change what was chosen for a tenant who pays before use."""
        return self._change("change_prepaid", Plan.PREPAID, user_input)

    async def async_step_change_postpaid(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Change what was chosen for a tenant who pays after use."""
        return self._change("change_postpaid", Plan.POSTPAID, user_input)

    def _change(self, step_id: str, plan: Plan, user_input: UserInput | None) -> SubentryFlowResult:
        account, subentry = self._account, self._get_reconfigure_subentry()
        key = subentry.data["meter_key"]
        entered = Entered(user_input or {})
        if user_input is not None:
            tenant = entered.tenant()
            has_relay = _has_relay(account.runtime_data.devices.meters.get(key))
            supply = entered.supply(plan, has_relay=has_relay)
            if not entered.errors:
                identity = account.runtime_data.identities.get(key)
                return self.async_update_and_abort(
                    account,
                    subentry,
                    title=_title(tenant, identity.name if identity else key),
                    data_updates={**supply, "tenant": tenant},
                )
        suggested = user_input or supply_shown(subentry.data)
        return self._form(step_id, CHANGE_SCHEMAS[plan], suggested, entered)

    def _form(
        self,
        step_id: str,
        schema: probatio.Schema,
        suggested: UserInput | None,
        entered: Entered,
    ) -> SubentryFlowResult:
        """Show a form with what was entered before, and what is wrong with it."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=entered.errors,
            description_placeholders=entered.placeholders,
        )


def _mode_of(meter: MeterCoordinator) -> Mode | None:
    """Return the mode that a meter was last seen in, also while it is offline."""
    observed = meter.observed
    if observed is None:
        return None
    return observed.metrics.mode if observed.metrics else observed.device.active_mode


def _has_relay(meter: MeterCoordinator | None) -> bool:
    """Return whether power can be cut, as far as it is known."""
    return meter is None or meter.data is None or meter.data.device.has_relay is not False


def _title(tenant: str, meter: str) -> str:
    return f"{tenant} · {meter}"
