"""The forms of a tenancy: what is asked, and what they show of what was chosen before."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    DateSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TimeSelector,
)
import probatio

from .billing.models import Plan
from .billing.money import rupees_of_paise
from .billing.terms import CheckEvery
from .coordinator import MeterCoordinator

MAX_DUE_DAYS: Final = 90
LAST_BILLING_DAY: Final = 31

NOW: Final = "now"
PAST_DAY: Final = "day"
WEEKDAYS: Final = (*("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),)

type Form = dict[probatio.Marker, object]


def _choice(key: str, options: Iterable[str]) -> SelectSelector:
    config = SelectSelectorConfig(
        options=list(options), translation_key=key, mode=SelectSelectorMode.LIST
    )
    return SelectSelector(config)


def _weekday(*, multiple: bool = False) -> SelectSelector:
    """Return a list that unfolds: seven buttons would fill the form."""
    config = SelectSelectorConfig(
        options=list(WEEKDAYS),
        translation_key="weekday",
        multiple=multiple,
        mode=SelectSelectorMode.DROPDOWN,
    )
    return SelectSelector(config)


def _whole_number(lowest: int, highest: int) -> probatio.All[int]:
    config = NumberSelectorConfig(min=lowest, max=highest, step=1, mode=NumberSelectorMode.BOX)
    return probatio.All(NumberSelector(config), probatio.Coerce(int))


# Browsers would offer the tenant before.
_TEXT: Final = TextSelector(TextSelectorConfig(autocomplete="off"))
# As text: a number field would make 0.1 a float, and knows no ₹.
_RUPEES: Final = TextSelector(TextSelectorConfig(prefix="₹", autocomplete="off"))
_RATE: Final = TextSelector(TextSelectorConfig(prefix="₹", suffix="/kWh", autocomplete="off"))
_PERCENT: Final = TextSelector(TextSelectorConfig(suffix="%", autocomplete="off"))
_AMOUNTS: Final = TextSelector(TextSelectorConfig(prefix="₹", multiple=True))

_TENANT: Final[Form] = {probatio.Required("tenant"): _TEXT}
_CREDIT: Final[Form] = {probatio.Required("opening_credit", default="0"): _RUPEES}
_CUTTING: Final = section(
    probatio.Schema(
        {
            probatio.Required("cuts", default=False): BooleanSelector(),
            probatio.Required("restores", default=True): BooleanSelector(),
            probatio.Required("reconnects_always", default=False): BooleanSelector(),
        }
    )
)
_PROTECTION: Final = section(
    probatio.Schema(
        {
            probatio.Optional("protected_from"): TimeSelector(),
            probatio.Optional("protected_to"): TimeSelector(),
            probatio.Optional("protected_weekdays"): _weekday(multiple=True),
            probatio.Optional("holidays"): EntitySelector(EntitySelectorConfig(domain="calendar")),
        }
    ),
    {"collapsed": True},
)
_CHECKS: Final = section(
    probatio.Schema(
        {
            probatio.Required("check_interval", default=CheckEvery.DAY): _choice(
                "check_interval", CheckEvery
            ),
            probatio.Required("check_time", default="23:59:00"): TimeSelector(),
            probatio.Required("check_weekday", default=WEEKDAYS[-1]): _weekday(),
        }
    ),
    {"collapsed": True},
)
_PREPAID: Final[Form] = {
    probatio.Required("cut_off", default="0"): _RUPEES,
    probatio.Optional("warning_levels"): _AMOUNTS,
    probatio.Required("emergency_credit", default="0"): _RUPEES,
    probatio.Required("checks"): _CHECKS,
    probatio.Required("cutting"): _CUTTING,
    probatio.Required("protection"): _PROTECTION,
}
_POSTPAID: Final[Form] = {
    probatio.Required("billing_day", default=1): _whole_number(1, LAST_BILLING_DAY),
    probatio.Required("due_days", default=14): _whole_number(0, MAX_DUE_DAYS),
    probatio.Required("cutting"): _CUTTING,
    probatio.Required("protection"): _PROTECTION,
}

START_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("start", default=NOW): _choice("start", (NOW, PAST_DAY)),
        probatio.Optional("day"): DateSelector(),
    }
)
RATES_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("eb_rate"): _RATE,
        probatio.Required("dg_rate"): _RATE,
        probatio.Required("monthly_charge", default="0"): _RUPEES,
        probatio.Required("tax", default="0"): _PERCENT,
    }
)
SUPPLY_SCHEMAS: Final = {
    Plan.PREPAID: probatio.Schema({**_CREDIT, **_PREPAID}),
    Plan.POSTPAID: probatio.Schema(_POSTPAID),
}
CHANGE_SCHEMAS: Final = {
    Plan.PREPAID: probatio.Schema({**_TENANT, **_PREPAID}),
    Plan.POSTPAID: probatio.Schema({**_TENANT, **_POSTPAID}),
}
MODE_SCHEMA: Final = probatio.Schema(
    {probatio.Required("measurement", default=True): BooleanSelector()}
)
CONFIRM_SCHEMA: Final = probatio.Schema({})


def parties_schema(names: Mapping[str, str]) -> probatio.Schema:
    """Return the form that asks for tenant, plan and one of these meters, by key."""
    options = [SelectOptionDict(value=key, label=name) for key, name in names.items()]
    meters = SelectSelectorConfig(
        options=sorted(options, key=lambda option: option["label"]),
        mode=SelectSelectorMode.DROPDOWN,
    )
    return probatio.Schema(
        {
            **_TENANT,
            probatio.Required("meter"): SelectSelector(meters),
            probatio.Required("plan", default=Plan.PREPAID): _choice("plan", Plan),
        }
    )


def rates_shown(meter: MeterCoordinator) -> dict[str, str]:
    """Return the tariffs that a meter shows, as the form of rates has them; none while offline."""
    metrics = meter.observed.metrics if meter.observed else None
    tariffs = {
        "eb_rate": metrics.eb_tariff_paise if metrics else None,
        "dg_rate": metrics.dg_tariff_paise if metrics else None,
    }
    return {field: _text(paise) for field, paise in tariffs.items() if paise is not None}


def supply_shown(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form of changes shows of a subentry's data; it ignores the other plan's."""
    return {
        "tenant": stored["tenant"],
        "billing_day": stored["billing_day"],
        "due_days": stored["due_days"],
        "cut_off": _text(stored["cut_off_paise"]),
        "warning_levels": [_text(level) for level in stored["warning_levels_paise"]],
        "emergency_credit": _text(stored["emergency_credit_paise"]),
        "checks": {
            "check_interval": stored["check_interval"],
            "check_time": stored["check_time"],
            "check_weekday": WEEKDAYS[stored["check_weekday"]],
        },
        "cutting": {key: stored[key] for key in ("cuts", "restores", "reconnects_always")},
        "protection": {
            key: shown
            for key, shown in (
                ("protected_from", stored["protected_from"]),
                ("protected_to", stored["protected_to"]),
                ("protected_weekdays", [WEEKDAYS[day] for day in stored["protected_weekdays"]]),
                ("holidays", stored["holidays"]),
            )
            if shown
        },
    }


def _text(amount_paise: int) -> str:
    return f"{rupees_of_paise(amount_paise):f}"
