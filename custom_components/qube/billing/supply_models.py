"""The words of supply: what is known when it is decided, and what was decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .models import SupplyReason


class SupplyState(StrEnum):
    """How a tenant's power stands, as people see it."""

    ON = "on"
    # Below a warning level; or owing, where nothing is cut by itself.
    WARNED = "warned"
    # Owing, but not now: hours, a weekday or a holiday in which nothing is cut.
    PROTECTED = "protected"
    # Below the cut-off, but within the emergency credit.
    EMERGENCY_CREDIT = "emergency_credit"
    CUT = "cut"
    # Owing, but the owner said not to cut.
    HELD = "held"
    # To be cut or restored as soon as what `Verdict.obstacle` names is out of the way.
    WAITING = "waiting"
    # Somebody else switched it, off or on after a cut; billing leaves it so.
    BY_HAND = "by_hand"


class Decision(StrEnum):
    """What is to be done about a tenant's power."""

    KEEP = "keep"
    WARN = "warn"
    CUT = "cut"
    RESTORE = "restore"


class Obstacle(StrEnum):
    """Why a tenant who owes is not cut, the most lasting reasons first."""

    CUTS_OFF = "cuts_off"
    NO_RELAY = "no_relay"
    HELD = "held"
    BY_HAND = "by_hand"
    NEXT_CHECK = "next_check"
    CONTESTED = "contested"
    LEDGER = "ledger"
    PROTECTED = "protected"
    HOLIDAY = "holiday"
    OFFLINE = "offline"
    MODE = "mode"
    STALE = "stale"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What an account alone says: to be cut, in order, or neither; and the lowest level crossed.

    Where the balance is not known (`is_known`) it says nothing.
    """

    is_owing: bool = False
    is_in_order: bool = False
    is_known: bool = True
    warned_paise: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSituation:
    """What a tenancy's account says when its supply is decided.

    The balance is None where the ledger cannot be read. `charged_until` is when the reading that
    was charged last was read. A check stays due until a verdict is not pending. `is_payment` says
    that money has just come in, which is no check: nobody is cut for paying too little.
    `is_ledger_sound` also means that it is not of an older backup, and that it can be written.
    """

    balance_micropaise: int | None
    charged_until: datetime | None
    overdue_paise: int = 0
    is_check_due: bool = False
    is_payment: bool = False
    is_held: bool = False
    is_holiday: bool = False
    is_ledger_sound: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class RelaySituation:
    """What a meter says when its supply is decided, and who switched it last.

    `relay_closed` is None where it is not known. `ordered` is the power that billing asked for
    (True is on), None where it never did or somebody else has switched since; `is_order_open`
    while the relay has not shown it. `is_on_by_hand` says that somebody undid a cut.
    """

    has_relay: bool
    is_online: bool
    is_measuring: bool
    is_register_sound: bool
    relay_closed: bool | None
    ordered: bool | None = None
    is_order_open: bool = False
    is_on_by_hand: bool = False
    is_contested: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """All that a decision depends on; `warned_paise` is the lowest level that was warned of."""

    now: datetime
    account: AccountSituation
    relay: RelaySituation
    warned_paise: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be done, how the supply stands until then, and why.

    `warning_paise` is the level to warn of now, `warned_paise` the one to remember. `is_owing`
    says that the account alone would have power cut. While `is_pending` the check is not done:
    decide again when something has changed.
    """

    decision: Decision
    state: SupplyState
    reason: SupplyReason | None = None
    obstacle: Obstacle | None = None
    warning_paise: int | None = None
    warned_paise: int | None = None
    is_owing: bool = False
    is_pending: bool = False
