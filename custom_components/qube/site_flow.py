"""What an owner enters to add a building's main meter, and what may change later."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
)
import probatio

from .api import (
    MeterRecord,
    QubeApiError,
    QubeAuthenticationError,
    QubeError,
    RecordQuery,
    SiteDevice,
)
from .billing.errors import InvalidAmountError
from .billing.money import MILLIPAISE_PER_RUPEE, millipaise_of
from .const import DOMAIN, INDIA
from .runtime import QubeConfigEntry
from .site_access import ACCESS, ACCESS_SCHEMA, access_error, async_try_access, entered_access
from .site_terms import (
    SUBENTRY_SITE_METER,
    Flow,
    SiteMeterData,
    StoredAccess,
    StoredSite,
    Unit,
    site_client,
)

_SHOWN_RECORDS: Final = 3
_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
_PRICE: Final = TextSelector(TextSelectorConfig(prefix="₹", suffix="/kWh", autocomplete="off"))

type UserInput = dict[str, Any]


class SiteMeterFlow(ConfigSubentryFlow):
    """Add a main meter, or change what was entered for it."""

    _access: StoredAccess
    _devices: list[SiteDevice]
    _device_id: str
    _latest: str

    @property
    def _account(self) -> QubeConfigEntry:
        """Return the account; abort where it does not run, for its spaces are not known."""
        entry: QubeConfigEntry = self._get_entry()
        if entry.state is not ConfigEntryState.LOADED:
            raise AbortFlow("not_loaded")
        return entry

    async def async_step_user(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask how to get in, and try it."""
        if not self._account.runtime_data.inventory.data:
            return self.async_abort(reason="no_spaces")
        errors: dict[str, str] = {}
        if user_input is not None:
            self._access, errors = entered_access(user_input)
            if not errors:
                self._devices, errors = await async_try_access(self.hass, self._access)
            if not errors:
                return await self.async_step_device()
        return self._form("user", ACCESS_SCHEMA, user_input, errors)

    async def async_step_device(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask for the meter: one of the list, or its id."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._device_id = user_input["device_id"].strip()
            if self._is_taken(self._device_id):
                errors["device_id"] = "site_meter_taken"
            else:
                errors = await self._async_look(self._access, self._device_id)
            if not errors:
                return await self.async_step_values()
        return self._form("device", _device_schema(self._devices), user_input, errors)

    async def async_step_values(self, user_input: UserInput | None = None) -> SubentryFlowResult:
        """Ask what the values mean, beside the latest ones."""
        errors: dict[str, str] = {}
        if user_input is not None:
            site, errors = _entered_site(user_input, self._device_id)
            if not errors:
                data: SiteMeterData = {**self._access, **site}
                title = self._names()[str(site["space_id"])]
                return self.async_create_entry(
                    title=f"{title} main meter", data=data, unique_id=self._device_id
                )
        schema = probatio.Schema(_values(self._names()))
        shown = {"device_id": self._device_id, "latest": self._latest}
        return self._form("values", schema, user_input, errors, shown)

    async def async_step_reconfigure(
        self, user_input: UserInput | None = None
    ) -> SubentryFlowResult:
        """Change the way in, or what the values mean; the meter stays."""
        account, subentry = self._account, self._get_reconfigure_subentry()
        known = subentry.data
        errors: dict[str, str] = {}
        if user_input is not None:
            access, errors = entered_access(user_input, known)
            site, wrong = _entered_site(user_input, known["device_id"])
            errors |= wrong
            if not errors:
                errors = await self._async_look(access, known["device_id"])
            if not errors:
                if site["unit"] != known["unit"]:
                    account.runtime_data.site_meters.async_forget_history(subentry.subentry_id)
                return self.async_update_reload_and_abort(
                    account, subentry, data={**access, **site}
                )
        schema = probatio.Schema({**ACCESS, **_values(self._names())})
        return self._form("reconfigure", schema, user_input or _shown(known), errors)

    async def _async_look(self, access: StoredAccess, device_id: str) -> dict[str, str]:
        """Look at the latest records of a meter; return what is wrong, by field."""
        query = RecordQuery(device_id=device_id, limit=_SHOWN_RECORDS)
        try:
            page = await site_client(self.hass, access).page(query)
        except QubeAuthenticationError as err:
            return {"base": access_error(err)}
        except QubeApiError:
            return {"device_id" if self.source == "user" else "base": "site_device_unknown"}
        except QubeError as err:
            return {"base": access_error(err)}
        self._latest = ", ".join(map(_record_shown, page.records)) or "-"
        return {}

    def _names(self) -> dict[str, str]:
        spaces = self._account.runtime_data.inventory.data.values()
        return {str(space.space_id): space.name for space in spaces}

    def _is_taken(self, device_id: str) -> bool:
        """Return whether the meter has a subentry: two would write the same statistics."""
        return any(
            subentry.unique_id == device_id
            for entry in self.hass.config_entries.async_entries(DOMAIN)
            for subentry in entry.get_subentries_of_type(SUBENTRY_SITE_METER)
        )

    def _form(
        self,
        step_id: str,
        schema: probatio.Schema,
        suggested: Mapping[str, Any] | None,
        errors: dict[str, str],
        placeholders: Mapping[str, str] | None = None,
    ) -> SubentryFlowResult:
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )


def _device_schema(devices: Iterable[SiteDevice]) -> probatio.Schema:
    """Return the form that asks for a meter; where there is no list it is typed."""
    options = [
        SelectOptionDict(
            value=each.device_id,
            label=f"{each.reference_id} ({each.device_id})"
            if each.reference_id
            else each.device_id,
        )
        for each in devices
    ]
    # The list need not have all of them.
    config = SelectSelectorConfig(
        options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN
    )
    selector = SelectSelector(config) if options else _TEXT
    return probatio.Schema({probatio.Required("device_id"): selector})


def _values(names: Mapping[str, str]) -> dict[probatio.Marker, object]:
    """Return the fields that say what the records mean; the unit has no default."""
    spaces = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    return {
        probatio.Required("unit"): _choice("site_unit", Unit),
        probatio.Required("flows", default=[Flow.IMPORT.value]): _choice(
            "site_flow", Flow, multiple=True
        ),
        probatio.Required("space"): SelectSelector(
            SelectSelectorConfig(options=spaces, mode=SelectSelectorMode.DROPDOWN)
        ),
        probatio.Optional("price"): _PRICE,
    }


def _choice(key: str, options: Iterable[str], *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=list(options),
            translation_key=key,
            multiple=multiple,
            mode=SelectSelectorMode.LIST,
        )
    )


def _entered_site(user_input: UserInput, device_id: str) -> tuple[StoredSite, dict[str, str]]:
    """Return what the records mean, and what is wrong with what was entered."""
    errors: dict[str, str] = {}
    price: int | None = None
    if written := user_input.get("price"):
        try:
            price = millipaise_of(written)
        except InvalidAmountError:
            errors["price"] = "price_unusable"
    if Flow.IMPORT not in user_input["flows"]:
        errors["flows"] = "import_missing"
    return StoredSite(
        device_id=device_id,
        space_id=int(user_input["space"]),
        unit=user_input["unit"],
        flows=[flow.value for flow in Flow if flow in user_input["flows"]],
        price_millipaise_per_kwh=price,
    ), errors


def _shown(known: Mapping[str, Any]) -> UserInput:
    """Return what the form of changes shows; no secret is sent to a browser."""
    price = known["price_millipaise_per_kwh"]
    shown: UserInput = {
        "advanced": {"url": known["url"]},
        "unit": known["unit"],
        "flows": known["flows"],
        "space": str(known["space_id"]),
    }
    if known["account_id"]:
        shown["account_id"] = known["account_id"]
    if price is not None:
        shown["price"] = f"{price / MILLIPAISE_PER_RUPEE:.5f}".rstrip("0").rstrip(".")
    return shown


def _record_shown(record: MeterRecord) -> str:
    started, ended = record.started_at.astimezone(INDIA), record.ended_at.astimezone(INDIA)
    return f"{record.value:f} ({started:%Y-%m-%d %H:%M} - {ended:%H:%M})"
