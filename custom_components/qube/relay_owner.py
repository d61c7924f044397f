"""Who switched a meter's relay last: billing, or somebody else (pure).

Whoever switched last owns the relay. Billing restores only what it cut itself, and does not cut
again what somebody switched on after a cut, until the tenant has been out of debt meanwhile.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import json
from typing import Final, Self

from .billing.models import SupplyReason

# To and fro within minutes, commanded by nobody here, is no person at a switch.
FLIPS_CONTESTED: Final = 3
FLIPS_WITHIN: Final = timedelta(minutes=10)

# So many orders running, each undone so soon by nobody here: another master has other rules.
UNDONE_CONTESTED: Final = 2
UNDONE_WITHIN: Final = timedelta(minutes=15)


class Happening(StrEnum):
    """What a reading of the relay tells."""

    NOTHING = "nothing"
    CONFIRMED = "confirmed"
    BY_HAND = "by_hand"
    CONTESTED = "contested"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What billing last asked of the relay; no `intent_id` where the ledger could not be written.

    `confirmed_at` is when the relay showed it, None as long as it has not.
    """

    power_on: bool
    reason: SupplyReason
    intent_id: int | None = None
    confirmed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SupplyMemory:
    """What outlives a restart, beside the intents.

    `switched_to` is the power to which somebody else switched since billing's last order, and
    `is_against_cut` that this undid a cut. `undone` counts the orders running that were undone at
    once; `device_id` is the Qube device that showed the last order.
    """

    switched_to: bool | None = None
    is_against_cut: bool = False
    is_contested: bool = False
    undone: int = 0
    warned_paise: int | None = None
    device_id: str | None = None

    @classmethod
    def from_text(cls, text: str | None) -> Self:
        """Return what was remembered, or a memory of nothing."""
        return cls(**json.loads(text)) if text else cls()

    def as_text(self) -> str:
        """Return the memory as it is stored."""
        return json.dumps(asdict(self))


class RelayOwner:
    """Follow one relay: billing's orders on one side, what it shows on the other."""

    def __init__(self, order: Order | None = None, memory: SupplyMemory | None = None) -> None:
        """Begin with billing's last order and what was remembered."""
        self.order = order
        self.memory = memory or SupplyMemory()
        self._shown: bool | None = None
        self._flips: list[datetime] = []

    @property
    def ordered(self) -> bool | None:
        """Return the power that billing wants, None where it never did or is not the owner."""
        is_owner = self.order is not None and self.memory.switched_to is None
        return self.order.power_on if self.order is not None and is_owner else None

    @property
    def is_order_open(self) -> bool:
        """Return whether billing waits for the relay to show its order."""
        return (
            self.order is not None and self.ordered is not None and self.order.confirmed_at is None
        )

    @property
    def is_on_by_hand(self) -> bool:
        """Return whether somebody gave power to a tenant whom billing had cut."""
        return self.memory.is_against_cut and self.memory.switched_to is True

    def take_order(self, order: Order) -> None:
        """Let billing own the relay from now on."""
        has_stood = self.memory.switched_to is None
        self.memory = replace(
            self.memory,
            switched_to=None,
            is_against_cut=False,
            undone=0 if has_stood else self.memory.undone,
        )
        self.order = order

    def observe(
        self, *, power_on: bool, device_id: str, is_commanded: bool, now: datetime
    ) -> Happening:
        """Take note of what the relay shows.

        `is_commanded` says that somebody in this Home Assistant is switching it.
        """
        if self.order is not None and self.is_order_open:
            self._shown = power_on
            if power_on is not self.order.power_on:
                return Happening.NOTHING
            self.order = replace(self.order, confirmed_at=now)
            self.memory = replace(self.memory, device_id=device_id)
            return Happening.CONFIRMED
        before = self._expected
        self._shown = power_on
        if before is None or before is power_on:
            return Happening.NOTHING
        if self.memory.device_id not in {None, device_id}:
            # Another device hangs there: nobody switched anything.
            self.memory = replace(self.memory, switched_to=power_on, device_id=device_id)
            return Happening.BY_HAND
        return self._switched(power_on=power_on, is_commanded=is_commanded, now=now)

    def overtaken(self) -> None:
        """Give way to somebody who wanted the contrary while the order was under way."""
        if self.order is not None:
            self._hand_over(power_on=not self.order.power_on)

    def forgive(self) -> None:
        """Let the next debt be cut, though somebody undid the last cut."""
        self.memory = replace(self.memory, is_against_cut=False)

    def resume(self) -> None:
        """Go on though there seemed to be another master, as the owner says."""
        self._flips.clear()
        is_as_ordered = self.order is not None and self._shown is self.order.power_on
        self.memory = replace(
            self.memory,
            is_contested=False,
            undone=0,
            is_against_cut=False,
            switched_to=None if is_as_ordered else self.memory.switched_to,
        )

    @property
    def _expected(self) -> bool | None:
        """Return what the relay shows if nobody has switched it."""
        if self.memory.switched_to is not None:
            return self.memory.switched_to
        return self.order.power_on if self.order is not None else self._shown

    def _switched(self, *, power_on: bool, is_commanded: bool, now: datetime) -> Happening:
        undone = self._undone(is_commanded=is_commanded, now=now)
        if not is_commanded:
            self._flips = [flip for flip in self._flips if now - flip <= FLIPS_WITHIN]
            self._flips.append(now)
        is_contested = undone >= UNDONE_CONTESTED or len(self._flips) >= FLIPS_CONTESTED
        was_contested = self.memory.is_contested
        self._hand_over(power_on=power_on)
        self.memory = replace(
            self.memory, undone=undone, is_contested=was_contested or is_contested
        )
        return Happening.CONTESTED if is_contested and not was_contested else Happening.BY_HAND

    def _undone(self, *, is_commanded: bool, now: datetime) -> int:
        """Return how many orders running have been undone at once, by nobody here."""
        if is_commanded:
            return 0
        if self.order is None or self.ordered is None:
            return self.memory.undone
        confirmed_at = self.order.confirmed_at
        is_at_once = confirmed_at is not None and now - confirmed_at <= UNDONE_WITHIN
        return self.memory.undone + 1 if is_at_once else 0

    def _hand_over(self, *, power_on: bool) -> None:
        """Let somebody else own the relay."""
        is_against_cut = self.memory.is_against_cut or (power_on and self.ordered is False)
        switched_to = power_on if self.order is not None else None
        self.memory = replace(self.memory, switched_to=switched_to, is_against_cut=is_against_cut)
