"""Whether a tenant has power: keep, warn, cut or restore (pure).

Restoring is always allowed where billing itself cut; cutting only where nothing at all stands
against it.
"""

from datetime import timedelta
from typing import Final

from . import overdue, prepaid
from .models import SupplyReason
from .supply_models import (
    Decision,
    Obstacle,
    Situation,
    Standing,
    SupplyState,
    Verdict,
)
from .terms import PostpaidTerms, PrepaidTerms

# Two polls at the slowest, which is every 15 minutes, and some room.
FRESH_FOR: Final = timedelta(minutes=35)

# These pass by themselves or by somebody's doing; the check is then made up for.
_PASSING: Final = frozenset(
    {
        Obstacle.CONTESTED,
        Obstacle.LEDGER,
        Obstacle.MODE,
        Obstacle.PROTECTED,
        Obstacle.HOLIDAY,
        Obstacle.OFFLINE,
        Obstacle.STALE,
    }
)
_STATES: Final = {
    Obstacle.CUTS_OFF: SupplyState.WARNED,
    Obstacle.NO_RELAY: SupplyState.WARNED,
    Obstacle.HELD: SupplyState.HELD,
    Obstacle.BY_HAND: SupplyState.BY_HAND,
    Obstacle.PROTECTED: SupplyState.PROTECTED,
    Obstacle.HOLIDAY: SupplyState.PROTECTED,
}


def decide(terms: PrepaidTerms | PostpaidTerms, situation: Situation) -> Verdict:
    """Decide about a tenant's power by what is known now."""
    standing = _standing(terms, situation)
    reason = _restore_reason(terms, situation, standing)
    if reason is not None:
        return _verdict(situation, standing, Decision.RESTORE, SupplyState.WAITING, reason=reason)
    if (state := _state_without_power(situation)) is not None:
        return _verdict(situation, standing, Decision.KEEP, state)
    if not standing.is_owing:
        return _verdict(situation, standing, Decision.KEEP, _state_with_power(standing))
    obstacle = _obstacle(terms, situation)
    if obstacle is None:
        is_prepaid = isinstance(terms, PrepaidTerms)
        reason = SupplyReason.LOW_BALANCE if is_prepaid else SupplyReason.OVERDUE
        return _verdict(situation, standing, Decision.CUT, SupplyState.WAITING, reason=reason)
    state = _STATES.get(obstacle, SupplyState.WAITING)
    return _verdict(situation, standing, Decision.KEEP, state, obstacle=obstacle)


def _standing(terms: PrepaidTerms | PostpaidTerms, situation: Situation) -> Standing:
    balance_micropaise = situation.account.balance_micropaise
    if balance_micropaise is None:
        return Standing(is_known=False)
    if isinstance(terms, PrepaidTerms):
        return prepaid.standing_of(terms, balance_micropaise)
    return overdue.standing_of(situation.account.overdue_paise)


def _restore_reason(
    terms: PrepaidTerms | PostpaidTerms, situation: Situation, standing: Standing
) -> SupplyReason | None:
    """Return why power is to be restored: what billing cut, or the owner lets it always have."""
    relay = situation.relay
    if not relay.has_relay:
        return None
    is_restoring = relay.ordered is True and relay.is_order_open
    if situation.account.is_held and (relay.ordered is False or is_restoring):
        return SupplyReason.HELD
    # A cut that did not show may still be on its way: only a contrary order calls it off.
    is_cutting = relay.ordered is False and relay.is_order_open and standing.is_known
    is_under_way = is_restoring or is_cutting
    is_to_return = terms.restores and standing.is_in_order
    is_paid = (is_under_way and not standing.is_owing) or (
        is_to_return and (relay.ordered is False or _is_reconnected(terms, situation))
    )
    return SupplyReason.PAID if is_paid else None


def _is_reconnected(terms: PrepaidTerms | PostpaidTerms, situation: Situation) -> bool:
    """Return whether what somebody else switched off is switched on again: at checks, if chosen."""
    account, relay = situation.account, situation.relay
    return (
        terms.reconnects_always
        and relay.relay_closed is False
        and relay.is_measuring
        and not relay.is_contested
        and (account.is_check_due or account.is_payment)
    )


def _state_without_power(situation: Situation) -> SupplyState | None:
    """Return how the supply stands where the relay is open, None where it is not."""
    relay = situation.relay
    is_restoring = relay.ordered is True and relay.is_order_open
    is_open = relay.relay_closed is False and not is_restoring
    if relay.ordered is False and (is_open or not relay.is_order_open):
        return SupplyState.CUT
    return SupplyState.BY_HAND if is_open else None


def _state_with_power(standing: Standing) -> SupplyState:
    if standing.is_known and not standing.is_in_order:
        return SupplyState.EMERGENCY_CREDIT
    return SupplyState.ON if standing.warned_paise is None else SupplyState.WARNED


def _obstacle(terms: PrepaidTerms | PostpaidTerms, situation: Situation) -> Obstacle | None:
    """Return what stands against cutting a tenant who owes, the most lasting first."""
    account, relay = situation.account, situation.relay
    against = {
        Obstacle.CUTS_OFF: not terms.cuts,
        Obstacle.NO_RELAY: not relay.has_relay,
        Obstacle.HELD: account.is_held,
        Obstacle.BY_HAND: relay.is_on_by_hand,
        Obstacle.NEXT_CHECK: not account.is_check_due,
        Obstacle.CONTESTED: relay.is_contested,
        Obstacle.LEDGER: not account.is_ledger_sound,
        Obstacle.PROTECTED: terms.protected.cover(situation.now),
        Obstacle.HOLIDAY: account.is_holiday,
        Obstacle.OFFLINE: not relay.is_online,
        Obstacle.MODE: not relay.is_measuring,
        Obstacle.STALE: not _is_fresh(situation),
    }
    return next((obstacle for obstacle in Obstacle if against[obstacle]), None)


def _is_fresh(situation: Situation) -> bool:
    """Return whether the register is charged up to now; a clock that was set back is no proof."""
    charged_until = situation.account.charged_until
    return (
        charged_until is not None
        and situation.relay.is_register_sound
        and abs(situation.now - charged_until) <= FRESH_FOR
    )


def _verdict(
    situation: Situation,
    standing: Standing,
    decision: Decision,
    state: SupplyState,
    *,
    reason: SupplyReason | None = None,
    obstacle: Obstacle | None = None,
) -> Verdict:
    """Return the verdict with its warning; none is given by a ledger that may be wrong."""
    is_known = situation.account.is_ledger_sound and standing.is_known
    warning = prepaid.warning_of(situation.warned_paise, standing) if is_known else None
    if decision is Decision.KEEP and warning is not None:
        decision = Decision.WARN
    return Verdict(
        decision=decision,
        state=state,
        reason=reason,
        obstacle=obstacle,
        warning_paise=warning if decision is Decision.WARN else None,
        warned_paise=standing.warned_paise if is_known else situation.warned_paise,
        is_owing=standing.is_owing,
        is_pending=decision is Decision.CUT or obstacle in _PASSING,
    )
