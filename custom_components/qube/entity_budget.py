"""Which entities are on by default, so that a large account stays below Home Assistant's limit."""

from collections.abc import Collection
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY
from homeassistant.helpers.issue_registry import (
    IssueSeverity,
    async_create_issue,
    async_delete_issue,
)
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .registry_settings import SUBENTRY_METER_REGISTRY
from .runtime import QubeConfigEntry
from .site_terms import SUBENTRY_SITE_METER

# What a person enables by hand must still find room.
RESERVE: Final = 500

# Those at the end are left off first; a meter's further readings come after all of these.
ORDER: Final = {
    "energy": "sensor",
    "power": "sensor",
    "balance": "sensor",
    "relay": "switch",
    "online": "binary_sensor",
    "mode": "select",
    "active_tariff": "select",
    "price": "sensor",
    "voltage": "sensor",
    "eb_tariff": "number",
    "dg_tariff": "number",
    "payment_gateway": "switch",
}
RANKS: Final = {key: rank for rank, key in enumerate(ORDER)}

# The same for the entities of a tenancy.
TENANCY_ORDER: Final = (
    *("balance", "supply", "activity", "hold", "low_balance", "overdue", "days_left"),
    *("amount_due", "bill_due", "grid_use", "grid_cost", "generator_use", "generator_cost"),
    "charged_until",
)
TENANCY_RANKS: Final = {key: rank for rank, key in enumerate(TENANCY_ORDER)}
# What was charged, whether there is power, and what happens: these a tenancy has in any case, also
# out of the reserve, because an owner adds each tenancy by hand and the triggers listen to them.
ALWAYS_OF_TENANCY: Final = 3

# A space has a sensor for each of the things that its meters come to, and one for their history.
PER_SPACE: Final = 5


def enabled_per_device(
    *, meters: int, spaces: int, new_meters: int, new_spaces: int, enabled: int
) -> int:
    """Return how many entities of each new meter, and of each new space, may be on by default.

    `enabled` entities of the account are on already, those of the older meters and spaces.
    """
    limit = MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - RESERVE
    share = _share(limit, max(1, meters), spaces)
    if not new_meters and not new_spaces:
        return share
    return min(share, _share(max(0, limit - enabled), new_meters, new_spaces))


def _share(room: int, meters: int, spaces: int) -> int:
    """Share out evenly; where each can have more than a space has, the meters have the rest."""
    evenly = room // (meters + spaces)
    return max(evenly, (room - PER_SPACE * spaces) // meters) if meters else evenly


def enabled_per_tenancy(*, meters: int, older: int, new: int, enabled: int) -> int:
    """Return how many entities of each new tenancy may be on by default.

    What is left of the limit is shared with those that the other meters may still get. `older`
    tenancies are among the `enabled` entities of the account, the new ones are not.
    """
    room = max(0, MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - RESERVE - enabled)
    return max(ALWAYS_OF_TENANCY, room // max(new, meters - older, 1))


def enabled_per_registry_meter(*, meters: int, enabled: int) -> int:
    """Return how many entities of each new meter of a registry may be on by default.

    `enabled` entities of the account are on already; a registry may take half of what is left.
    """
    room = max(0, MAX_ENABLED_ENTITIES_PER_CONFIG_ENTRY - RESERVE - enabled)
    return room // 2 // max(meters, 1)


@callback
def async_enabled_of_tenancies(
    hass: HomeAssistant, entry: QubeConfigEntry, new: Collection[str]
) -> int:
    """Return how many entities of these tenancies may be on by default.

    The answer is the same before and after their own entities are registered: each platform asks.
    """
    entities = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    others = [each for each in entities if each.config_subentry_id not in new]
    # A registry and a main meter are subentries, too.
    no_tenancies = {
        each.subentry_id
        for each in entry.subentries.values()
        if each.subentry_type in (SUBENTRY_METER_REGISTRY, SUBENTRY_SITE_METER)
    }
    of_tenancies = {each.config_subentry_id for each in others} - {None} - no_tenancies
    return enabled_per_tenancy(
        meters=len(entry.runtime_data.devices.meters),
        older=len(of_tenancies),
        new=len(new),
        enabled=sum(each.disabled_by is None for each in others),
    )


async def async_review_budget(
    hass: HomeAssistant, entry: QubeConfigEntry, enabled: int, meters: int
) -> None:
    """Say which entities were left off because the account is so large; withdraw it otherwise."""
    left_off = {key: platform for key, platform in ORDER.items() if RANKS[key] >= enabled}
    if not left_off:
        async_withdraw_budget(hass, entry)
        return
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    names = (
        texts.get(f"component.{DOMAIN}.entity.{platform}.{key}.name", key)
        for key, platform in left_off.items()
    )
    async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entry),
        is_fixable=False,
        severity=IssueSeverity.WARNING,
        translation_key="entities_left_off",
        translation_placeholders={
            "account": entry.title,
            "meters": str(meters),
            "entities": ", ".join(names),
        },
    )


@callback
def async_withdraw_budget(hass: HomeAssistant, entry: QubeConfigEntry) -> None:
    """Say no longer that entities were left off."""
    async_delete_issue(hass, DOMAIN, _issue_id(entry))


def _issue_id(entry: QubeConfigEntry) -> str:
    return f"entities_left_off_{entry.entry_id}"
