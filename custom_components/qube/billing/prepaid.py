"""What the balance of a prepaid account says about its power: owing, in order, or between."""

from .money import to_paise
from .supply_models import Standing
from .terms import PrepaidTerms


def standing_of(terms: PrepaidTerms, balance_micropaise: int) -> Standing:
    """Return what a balance alone says, as people see it: rounded to a paisa.

    Power is cut strictly below the cut-off less the emergency credit. From the cut-off on it may
    be restored; between the two nothing changes.
    """
    balance_paise = to_paise(balance_micropaise)
    return Standing(
        is_owing=balance_paise < terms.cut_off_paise - terms.emergency_credit_paise,
        is_in_order=balance_paise >= terms.cut_off_paise,
        warned_paise=min(
            (level for level in terms.warning_levels_paise if balance_paise < level),
            default=None,
        ),
    )


def warning_of(warned_paise: int | None, standing: Standing) -> int | None:
    """Return the level that a balance has just fallen below, None where nothing is new.

    `warned_paise` is the level that was remembered last; a level counts again once the balance has
    been at or above it.
    """
    level = standing.warned_paise
    return level if level is not None and (warned_paise is None or level < warned_paise) else None
