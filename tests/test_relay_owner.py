"""Who switched a relay last, by what billing ordered and what the relay shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.qube.billing.models import SupplyReason
from custom_components.qube.relay_owner import (
    FLIPS_WITHIN,
    UNDONE_WITHIN,
    Happening,
    Order,
    RelayOwner,
    SupplyMemory,
)

NOW = datetime(2026, 5, 13, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CUT = Order(power_on=False, reason=SupplyReason.LOW_BALANCE)
RESTORE = Order(power_on=True, reason=SupplyReason.PAID)
LONG_AGO = NOW - timedelta(days=1)


class Relay:
    """A relay that is read now and then."""

    def __init__(self, owner: RelayOwner | None = None) -> None:
        """Begin with nothing ordered, unless an owner is given."""
        self.owner = owner or RelayOwner()
        self.now = NOW

    def show(
        self, power_on: bool, after: timedelta = MINUTE, *, here: bool = False, device: str = "Q1"
    ) -> Happening:
        """Read the relay after a while; `here` says that this Home Assistant is switching."""
        self.now += after
        return self.owner.observe(
            power_on=power_on, device_id=device, is_commanded=here, now=self.now
        )

    def is_pardoned(self) -> bool:
        """Return whether somebody gave power after a cut."""
        return self.owner.is_on_by_hand

    def is_contested(self) -> bool:
        """Return whether there seems to be another master."""
        return self.owner.memory.is_contested

    def carry_out(self, order: Order, after: timedelta = MINUTE) -> None:
        """Order, and read it back."""
        self.owner.take_order(order)
        assert self.show(order.power_on, after) is Happening.CONFIRMED


def test_without_orders_billing_owns_nothing() -> None:
    """The first reading tells nothing, a change that somebody switched it."""
    relay = Relay()
    assert relay.show(True) is Happening.NOTHING
    assert relay.show(True) is Happening.NOTHING
    assert relay.show(False) is Happening.BY_HAND
    assert (relay.owner.ordered, relay.owner.is_order_open) == (None, False)
    assert not relay.is_pardoned()


def test_an_order_is_open_until_the_relay_shows_it() -> None:
    """Until then, what it shows is what was before."""
    relay = Relay()
    relay.show(True)
    relay.owner.take_order(CUT)
    assert (relay.owner.ordered, relay.owner.is_order_open) == (False, True)
    assert relay.show(True) is Happening.NOTHING
    assert relay.show(False) is Happening.CONFIRMED
    assert (relay.owner.ordered, relay.owner.is_order_open) == (False, False)
    assert relay.owner.order == replace(CUT, confirmed_at=relay.now)
    assert relay.show(False) is Happening.NOTHING


def test_who_switches_on_after_a_cut_owns_the_relay() -> None:
    """Until billing orders again; or until the debt is over, for the next cut."""
    relay = Relay()
    relay.carry_out(CUT)
    assert relay.show(True) is Happening.BY_HAND
    assert relay.owner.ordered is None
    assert relay.is_pardoned()
    # Off and on again for a fuse does not change that.
    relay.show(False, here=True)
    assert not relay.is_pardoned()
    relay.show(True, here=True)
    assert relay.is_pardoned()
    relay.owner.forgive()
    assert not relay.is_pardoned()
    assert relay.owner.ordered is None
    relay.carry_out(CUT)
    assert relay.owner.ordered is False


def test_who_switches_off_after_a_restoration_owns_the_relay() -> None:
    """Power that comes back by their hand is no pardon: billing cut nothing."""
    relay = Relay()
    relay.carry_out(RESTORE)
    assert relay.show(False) is Happening.BY_HAND
    assert relay.owner.ordered is None
    assert relay.show(True) is Happening.BY_HAND
    assert not relay.is_pardoned()


@pytest.mark.parametrize("order", [CUT, RESTORE])
def test_what_was_switched_while_nobody_looked_is_seen_at_once(order: Order) -> None:
    """After a restart there is only the order and the relay."""
    owner = RelayOwner(replace(order, confirmed_at=LONG_AGO))
    assert Relay(owner).show(not order.power_on) is Happening.BY_HAND
    assert owner.is_on_by_hand is (order is CUT)


def test_who_wanted_the_contrary_meanwhile_owns_the_relay() -> None:
    """The relay never moved, so no flip tells."""
    relay = Relay()
    relay.owner.take_order(CUT)
    relay.owner.overtaken()
    assert relay.is_pardoned()
    assert relay.owner.ordered is None
    nobody = RelayOwner()
    nobody.overtaken()
    assert nobody.memory == SupplyMemory()


def test_another_device_in_the_meters_place_was_switched_by_nobody() -> None:
    """It comes with its relay closed; that is no pardon, nor another master."""
    relay = Relay()
    relay.carry_out(CUT)
    assert relay.show(True, device="Q2") is Happening.BY_HAND
    assert (relay.owner.ordered, relay.is_pardoned()) == (None, False)
    assert relay.owner.memory.undone == 0
    relay.carry_out(CUT)
    assert relay.owner.memory.device_id == "Q1"


def test_to_and_fro_within_minutes_is_another_master() -> None:
    """Told once."""
    relay = Relay()
    relay.show(True)
    happenings = [relay.show(power_on) for power_on in (False, True, False, True)]
    assert happenings == [
        *(Happening.BY_HAND, Happening.BY_HAND),
        *(Happening.CONTESTED, Happening.BY_HAND),
    ]
    assert relay.is_contested()


def test_to_and_fro_over_hours_is_somebody() -> None:
    """As is to and fro by this Home Assistant's own switch, however fast."""
    relay = Relay()
    relay.show(True)
    for power_on in (False, True, False, True):
        assert relay.show(power_on, FLIPS_WITHIN / 2 + MINUTE) is Happening.BY_HAND
    for power_on in (False, True, False, True):
        assert relay.show(power_on, here=True) is Happening.BY_HAND
    assert not relay.is_contested()


def test_two_orders_running_that_are_undone_at_once_are_another_masters() -> None:
    """Somebody else has other rules, and keeps to them."""
    relay = Relay()
    relay.carry_out(CUT)
    assert relay.show(True, UNDONE_WITHIN) is Happening.BY_HAND
    relay.owner.forgive()
    relay.carry_out(CUT, timedelta(days=3))
    assert relay.show(True, UNDONE_WITHIN) is Happening.CONTESTED


@pytest.mark.parametrize(
    ("after", "here"), [(UNDONE_WITHIN + MINUTE, False), (MINUTE, True)], ids=["late", "here"]
)
def test_what_is_undone_later_or_here_is_somebodys_will(after: timedelta, here: bool) -> None:
    """It breaks the row, too."""
    relay = Relay()
    for each_after, each_here in ((MINUTE, False), (after, here), (MINUTE, False)):
        relay.carry_out(CUT, timedelta(days=1))
        assert relay.show(True, each_after, here=each_here) is Happening.BY_HAND
    assert not relay.is_contested()


def test_an_order_that_stands_breaks_the_row() -> None:
    """Undone at once, then not, then again."""
    relay = Relay()
    relay.carry_out(CUT)
    relay.show(True)
    relay.carry_out(CUT, timedelta(days=1))
    relay.carry_out(RESTORE, timedelta(days=1))
    relay.carry_out(CUT, timedelta(days=1))
    assert relay.show(True) is Happening.BY_HAND
    # What was switched between does not count as an order undone.
    assert relay.show(False, timedelta(hours=1)) is Happening.BY_HAND
    assert relay.owner.memory.undone == 1


@pytest.mark.parametrize("is_as_ordered", [True, False])
def test_billing_goes_on_when_its_owner_says_so(is_as_ordered: bool) -> None:
    """It owns what stands as it ordered, pardons nothing, and counts anew."""
    relay = Relay()
    relay.carry_out(CUT)
    for power_on in (True, False, True):
        relay.show(power_on)
    if is_as_ordered:
        relay.show(False)
    assert relay.is_contested()
    relay.owner.resume()
    assert not relay.is_contested()
    assert relay.owner.ordered is (False if is_as_ordered else None)
    assert not relay.is_pardoned()
    assert relay.show(is_as_ordered) is Happening.BY_HAND


def test_to_resume_without_orders_only_counts_anew() -> None:
    """There is nothing to own."""
    relay = Relay(RelayOwner(None, SupplyMemory(is_contested=True)))
    relay.owner.resume()
    assert relay.owner.memory == SupplyMemory()


@given(
    st.builds(
        SupplyMemory,
        switched_to=st.sampled_from([None, True, False]),
        is_against_cut=st.booleans(),
        is_contested=st.booleans(),
        undone=st.integers(0, 5),
        warned_paise=st.one_of(st.none(), st.integers()),
        device_id=st.one_of(st.none(), st.text()),
    )
)
def test_a_memory_comes_back_as_it_was_written(memory: SupplyMemory) -> None:
    """All of it."""
    assert SupplyMemory.from_text(memory.as_text()) == memory


def test_no_memory_is_an_empty_one() -> None:
    """As at the beginning of each tenancy."""
    assert SupplyMemory.from_text(None) == SupplyMemory()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cut", "restore", "show_on", "show_off", "forgive", "restart"]),
            st.booleans(),
            st.integers(0, 30),
        ),
        max_size=40,
    )
)
def test_billing_never_owns_what_shows_the_contrary_of_its_order(
    steps: list[tuple[str, bool, int]],
) -> None:
    """Whatever happens in whatever order, also over restarts."""
    relay = Relay()
    for step, here, minutes in steps:
        owner = relay.owner
        match step:
            case "cut":
                owner.take_order(CUT)
            case "restore":
                owner.take_order(RESTORE)
            case "forgive":
                owner.forgive()
            case "restart":
                memory = SupplyMemory.from_text(owner.memory.as_text())
                relay.owner = RelayOwner(owner.order, memory)
            case _:
                power_on = step == "show_on"
                relay.show(power_on, minutes * MINUTE, here=here)
                assert owner.ordered in {None, power_on} or owner.is_order_open
                if owner.is_on_by_hand:
                    assert power_on
