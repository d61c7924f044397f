"""No cut while anything stands against it; power comes back to whom billing itself cut."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TypedDict, Unpack

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.qube.billing.models import INDIA, SupplyReason
from custom_components.qube.billing.supply_models import (
    AccountSituation,
    Decision,
    Obstacle,
    RelaySituation,
    Situation,
    SupplyState,
    Verdict,
)
from custom_components.qube.billing.supply_rules import FRESH_FOR, decide
from custom_components.qube.billing.terms import PostpaidTerms, PrepaidTerms, ProtectedTimes

NOW = datetime(2026, 5, 13, 12, tzinfo=INDIA)
PAISA = 1_000_000
OWING = 85_50 * PAISA
BETWEEN = 75_00 * PAISA
IN_ORDER = 2_085_50 * PAISA
NEVER = ProtectedTimes()
NIGHT = ProtectedTimes(start=time(22), end=time(7))

PREPAID = PrepaidTerms(cut_off_paise=100_00, cuts=True)
WITH_CREDIT = replace(PREPAID, emergency_credit_paise=50_00)
POSTPAID = PostpaidTerms(billing_day=1, due_days=10, cuts=True)
ACCOUNT = AccountSituation(balance_micropaise=OWING, charged_until=NOW, is_check_due=True)
RELAY = RelaySituation(
    has_relay=True,
    is_online=True,
    is_measuring=True,
    is_register_sound=True,
    relay_closed=True,
)
TO_BE_CUT = Situation(now=NOW, account=ACCOUNT, relay=RELAY)
CUT = replace(RELAY, relay_closed=False, ordered=False)
RESTORING = replace(RELAY, relay_closed=False, ordered=True, is_order_open=True)
CUTTING = replace(RELAY, ordered=False, is_order_open=True)
OFF_BY_HAND = replace(RELAY, relay_closed=False)


class Changes(TypedDict, total=False):
    """What of an account may be named."""

    balance_micropaise: int | None
    charged_until: datetime | None
    overdue_paise: int
    is_check_due: bool
    is_payment: bool
    is_held: bool
    is_holiday: bool
    is_ledger_sound: bool


def situation(*, relay: RelaySituation = RELAY, **account: Unpack[Changes]) -> Situation:
    """Return one in which a tenant is to be cut, but for what is named."""
    return replace(TO_BE_CUT, account=replace(ACCOUNT, **account), relay=relay)


def outcome(verdict: Verdict) -> tuple[Decision, SupplyState]:
    """Return what is to be done, and what people see."""
    return verdict.decision, verdict.state


@pytest.mark.parametrize(
    ("terms", "case", "reason"),
    [
        (PREPAID, TO_BE_CUT, SupplyReason.LOW_BALANCE),
        (POSTPAID, situation(balance_micropaise=-5, overdue_paise=1), SupplyReason.OVERDUE),
    ],
)
def test_who_owes_is_cut_where_nothing_stands_against_it(
    terms: PrepaidTerms | PostpaidTerms, case: Situation, reason: SupplyReason
) -> None:
    """It waits until the relay shows it; the check is not done before."""
    verdict = decide(terms, case)
    assert outcome(verdict) == (Decision.CUT, SupplyState.WAITING)
    assert (verdict.reason, verdict.is_pending, verdict.is_owing) == (reason, True, True)


OBSTACLES = [
    (Obstacle.CUTS_OFF, replace(PREPAID, cuts=False), TO_BE_CUT, SupplyState.WARNED),
    (
        Obstacle.NO_RELAY,
        PREPAID,
        situation(relay=replace(RELAY, has_relay=False)),
        SupplyState.WARNED,
    ),
    (Obstacle.HELD, PREPAID, situation(is_held=True), SupplyState.HELD),
    (
        Obstacle.BY_HAND,
        PREPAID,
        situation(relay=replace(RELAY, is_on_by_hand=True)),
        SupplyState.BY_HAND,
    ),
    (Obstacle.NEXT_CHECK, PREPAID, situation(is_check_due=False), SupplyState.WAITING),
    (
        Obstacle.NEXT_CHECK,
        PREPAID,
        situation(is_check_due=False, is_payment=True),
        SupplyState.WAITING,
    ),
    (
        Obstacle.CONTESTED,
        PREPAID,
        situation(relay=replace(RELAY, is_contested=True)),
        SupplyState.WAITING,
    ),
    (Obstacle.LEDGER, PREPAID, situation(is_ledger_sound=False), SupplyState.WAITING),
    (
        Obstacle.PROTECTED,
        replace(PREPAID, protected=ProtectedTimes(start=time(11), end=time(13))),
        TO_BE_CUT,
        SupplyState.PROTECTED,
    ),
    (
        Obstacle.PROTECTED,
        replace(PREPAID, protected=ProtectedTimes(weekdays=frozenset({2}))),
        TO_BE_CUT,
        SupplyState.PROTECTED,
    ),
    (Obstacle.HOLIDAY, PREPAID, situation(is_holiday=True), SupplyState.PROTECTED),
    (
        Obstacle.OFFLINE,
        PREPAID,
        situation(relay=replace(RELAY, is_online=False, is_measuring=False, relay_closed=None)),
        SupplyState.WAITING,
    ),
    (
        Obstacle.MODE,
        PREPAID,
        situation(relay=replace(RELAY, is_measuring=False)),
        SupplyState.WAITING,
    ),
    (
        Obstacle.STALE,
        PREPAID,
        situation(charged_until=NOW - FRESH_FOR - timedelta(seconds=1)),
        SupplyState.WAITING,
    ),
    (
        Obstacle.STALE,
        PREPAID,
        situation(charged_until=NOW + FRESH_FOR + timedelta(seconds=1)),
        SupplyState.WAITING,
    ),
    (Obstacle.STALE, PREPAID, situation(charged_until=None), SupplyState.WAITING),
    (
        Obstacle.STALE,
        PREPAID,
        situation(relay=replace(RELAY, is_register_sound=False)),
        SupplyState.WAITING,
    ),
]


@pytest.mark.parametrize(("obstacle", "terms", "case", "state"), OBSTACLES)
@pytest.mark.parametrize("plan", ["prepaid", "postpaid"])
def test_nobody_is_cut_while_something_stands_against_it(
    obstacle: Obstacle, terms: PrepaidTerms, case: Situation, state: SupplyState, plan: str
) -> None:
    """Each alone is enough, for both plans; and people see which it is."""
    if plan == "postpaid":
        verdict = decide(
            replace(POSTPAID, cuts=terms.cuts, protected=terms.protected),
            replace(case, account=replace(case.account, overdue_paise=1)),
        )
    else:
        verdict = decide(terms, case)
    assert outcome(verdict) == (Decision.KEEP, state)
    assert verdict.obstacle is obstacle
    assert verdict.is_owing


def test_every_obstacle_is_tried() -> None:
    """The list above is whole."""
    assert {obstacle for obstacle, *_ in OBSTACLES} == set(Obstacle)


@pytest.mark.parametrize(("obstacle", "terms", "case", "_state"), OBSTACLES)
def test_a_check_that_could_not_cut_is_made_up_for(
    obstacle: Obstacle, terms: PrepaidTerms, case: Situation, _state: SupplyState
) -> None:
    """Where that passes; what somebody chose is no check that was missed."""
    chosen = {
        Obstacle.CUTS_OFF,
        Obstacle.NO_RELAY,
        Obstacle.HELD,
        Obstacle.BY_HAND,
        Obstacle.NEXT_CHECK,
    }
    assert decide(terms, case).is_pending is (obstacle not in chosen)


def test_a_reading_of_the_last_half_hour_is_fresh() -> None:
    """Which way the clocks differ does not matter."""
    for age in (FRESH_FOR, -FRESH_FOR):
        assert decide(PREPAID, situation(charged_until=NOW - age)).decision is Decision.CUT


@pytest.mark.parametrize(
    ("terms", "case", "state"),
    [
        (PREPAID, situation(balance_micropaise=IN_ORDER), SupplyState.ON),
        (PREPAID, situation(balance_micropaise=100_00 * PAISA), SupplyState.ON),
        (WITH_CREDIT, situation(balance_micropaise=BETWEEN), SupplyState.EMERGENCY_CREDIT),
        (POSTPAID, situation(balance_micropaise=-500_00 * PAISA), SupplyState.ON),
        (PREPAID, situation(balance_micropaise=None), SupplyState.ON),
        # Whatever billing thinks of the balance, the tenant has been cut.
        (PREPAID, situation(relay=CUT), SupplyState.CUT),
        (WITH_CREDIT, situation(relay=CUT, balance_micropaise=BETWEEN), SupplyState.CUT),
        (PREPAID, situation(relay=CUT, balance_micropaise=None), SupplyState.CUT),
        (PREPAID, situation(relay=replace(CUT, relay_closed=None)), SupplyState.CUT),
        (PREPAID, situation(relay=replace(CUT, is_order_open=True)), SupplyState.CUT),
        (
            replace(PREPAID, restores=False),
            situation(relay=CUT, balance_micropaise=IN_ORDER),
            SupplyState.CUT,
        ),
        # Somebody else switched it off.
        (PREPAID, situation(relay=OFF_BY_HAND), SupplyState.BY_HAND),
        (
            PREPAID,
            situation(relay=OFF_BY_HAND, balance_micropaise=IN_ORDER, is_payment=True),
            SupplyState.BY_HAND,
        ),
        (
            PREPAID,
            situation(relay=OFF_BY_HAND, balance_micropaise=IN_ORDER, is_held=True),
            SupplyState.BY_HAND,
        ),
        # A cut that did not show, and a balance that nobody can read.
        (PREPAID, situation(relay=CUTTING, balance_micropaise=None), SupplyState.ON),
    ],
)
def test_the_supply_is_kept(
    terms: PrepaidTerms | PostpaidTerms, case: Situation, state: SupplyState
) -> None:
    """In order, within the credit, cut already, or not billing's doing."""
    assert outcome(decide(terms, case)) == (Decision.KEEP, state)


@pytest.mark.parametrize(
    ("terms", "case", "reason"),
    [
        (PREPAID, situation(relay=CUT, balance_micropaise=IN_ORDER), SupplyReason.PAID),
        (PREPAID, situation(relay=CUT, balance_micropaise=100_00 * PAISA), SupplyReason.PAID),
        (POSTPAID, situation(relay=CUT), SupplyReason.PAID),
        # The hold says: do not cut. That goes for who is cut already, too.
        (PREPAID, situation(relay=CUT, is_held=True), SupplyReason.HELD),
        (
            replace(PREPAID, restores=False),
            situation(relay=CUT, is_held=True, balance_micropaise=None),
            SupplyReason.HELD,
        ),
        (PREPAID, situation(relay=RESTORING, is_held=True), SupplyReason.HELD),
        # Begun and not yet shown: it is gone on with.
        (WITH_CREDIT, situation(relay=RESTORING, balance_micropaise=BETWEEN), SupplyReason.PAID),
        (PREPAID, situation(relay=RESTORING, balance_micropaise=None), SupplyReason.PAID),
        # A cut that did not show, and need not be any more.
        (WITH_CREDIT, situation(relay=CUTTING, balance_micropaise=BETWEEN), SupplyReason.PAID),
        (
            replace(PREPAID, restores=False),
            situation(relay=CUTTING, balance_micropaise=IN_ORDER),
            SupplyReason.PAID,
        ),
        # The owner wants it on whoever switched it off.
        (
            replace(PREPAID, reconnects_always=True),
            situation(relay=OFF_BY_HAND, balance_micropaise=IN_ORDER),
            SupplyReason.PAID,
        ),
        (
            replace(PREPAID, reconnects_always=True),
            situation(
                relay=OFF_BY_HAND, balance_micropaise=IN_ORDER, is_check_due=False, is_payment=True
            ),
            SupplyReason.PAID,
        ),
    ],
)
def test_power_is_restored(
    terms: PrepaidTerms | PostpaidTerms, case: Situation, reason: SupplyReason
) -> None:
    """To whom billing cut, as soon as there is reason to."""
    verdict = decide(terms, case)
    assert outcome(verdict) == (Decision.RESTORE, SupplyState.WAITING)
    assert verdict.reason is reason


@pytest.mark.parametrize(
    "case",
    [
        situation(relay=CUT, balance_micropaise=IN_ORDER, is_ledger_sound=False),
        situation(relay=CUT, balance_micropaise=IN_ORDER, charged_until=None),
        situation(relay=CUT, balance_micropaise=IN_ORDER, is_holiday=True, is_check_due=False),
        situation(relay=replace(CUT, is_online=False), balance_micropaise=IN_ORDER),
        situation(relay=replace(CUT, is_measuring=False), balance_micropaise=IN_ORDER),
        situation(relay=replace(CUT, is_contested=True), balance_micropaise=IN_ORDER),
        situation(relay=replace(CUT, is_register_sound=False), balance_micropaise=IN_ORDER),
    ],
)
@pytest.mark.parametrize("cuts", [True, False])
def test_what_forbids_a_cut_does_not_forbid_to_restore(case: Situation, cuts: bool) -> None:
    """Power for who has paid is never in doubt."""
    protected = ProtectedTimes(weekdays=frozenset(range(7)))
    terms = replace(PREPAID, cuts=cuts, protected=protected)
    assert decide(terms, case).decision is Decision.RESTORE


@pytest.mark.parametrize(
    "case",
    [
        situation(relay=OFF_BY_HAND, balance_micropaise=IN_ORDER, is_check_due=False),
        situation(relay=replace(OFF_BY_HAND, is_measuring=False), balance_micropaise=IN_ORDER),
        situation(relay=replace(OFF_BY_HAND, is_contested=True), balance_micropaise=IN_ORDER),
        situation(relay=replace(OFF_BY_HAND, has_relay=False), balance_micropaise=IN_ORDER),
        situation(relay=OFF_BY_HAND),
        situation(relay=RELAY, balance_micropaise=IN_ORDER),
    ],
)
def test_always_reconnecting_has_its_limits(case: Situation) -> None:
    """At checks and payments, in the right mode, with no other master, and not who owes."""
    terms = replace(PREPAID, reconnects_always=True)
    assert decide(terms, case).decision is Decision.KEEP


def test_who_owes_again_before_power_came_back_is_cut() -> None:
    """The order to restore may still be on its way, so the contrary one is given."""
    assert decide(PREPAID, situation(relay=RESTORING)).decision is Decision.CUT
    assert decide(PREPAID, situation(relay=replace(RESTORING, is_online=False))).obstacle


def test_a_cut_that_did_not_show_is_tried_again_only_while_nothing_stands_against_it() -> None:
    """A retry is a cut like any other."""
    assert decide(PREPAID, situation(relay=CUTTING)).decision is Decision.CUT
    night = replace(PREPAID, protected=ProtectedTimes(weekdays=frozenset({2})))
    assert decide(night, situation(relay=CUTTING)).obstacle is Obstacle.PROTECTED


def test_a_warning_is_given_once_and_remembered() -> None:
    """At any decision, also between the checks."""
    terms = replace(PREPAID, warning_levels_paise=(500_00, 200_00))
    low = situation(balance_micropaise=450_00 * PAISA, is_check_due=False)
    verdict = decide(terms, low)
    assert outcome(verdict) == (Decision.WARN, SupplyState.WARNED)
    assert (verdict.warning_paise, verdict.warned_paise) == (500_00, 500_00)
    verdict = decide(terms, replace(low, warned_paise=500_00))
    assert outcome(verdict) == (Decision.KEEP, SupplyState.WARNED)
    assert (verdict.warning_paise, verdict.warned_paise) == (None, 500_00)


def test_a_cut_takes_the_place_of_its_warning() -> None:
    """The tenant is told one thing; while the cut must wait, it is the warning."""
    terms = replace(PREPAID, warning_levels_paise=(500_00, 200_00))
    verdict = decide(terms, TO_BE_CUT)
    assert (verdict.decision, verdict.warning_paise) == (Decision.CUT, None)
    assert verdict.warned_paise == 200_00
    verdict = decide(terms, situation(is_holiday=True))
    assert outcome(verdict) == (Decision.WARN, SupplyState.PROTECTED)
    assert (verdict.obstacle, verdict.is_pending) == (Obstacle.HOLIDAY, True)


@pytest.mark.parametrize("unknown", [{"is_ledger_sound": False}, {"balance_micropaise": None}])
def test_nobody_is_warned_by_a_ledger_that_may_be_wrong(unknown: Changes) -> None:
    """And nothing is forgotten."""
    terms = replace(PREPAID, warning_levels_paise=(500_00, 200_00))
    verdict = decide(terms, replace(situation(**unknown), warned_paise=500_00))
    assert (verdict.decision, verdict.warned_paise) == (Decision.KEEP, 500_00)


TERMS = st.one_of(
    st.builds(
        PrepaidTerms,
        cut_off_paise=st.sampled_from([-50_00, 0, 100_00]),
        warning_levels_paise=st.sampled_from([(), (500_00, 150_00)]),
        emergency_credit_paise=st.sampled_from([0, 50_00]),
        cuts=st.booleans(),
        restores=st.booleans(),
        reconnects_always=st.booleans(),
        protected=st.sampled_from([NEVER, NIGHT, ProtectedTimes(weekdays=frozenset({2}))]),
    ),
    st.builds(
        PostpaidTerms,
        billing_day=st.just(1),
        due_days=st.just(10),
        cuts=st.booleans(),
        restores=st.booleans(),
        reconnects_always=st.booleans(),
        protected=st.sampled_from([NEVER, NIGHT]),
    ),
)
MOSTLY = st.sampled_from([True, True, True, False])
SELDOM = st.sampled_from([False, False, False, True])
SITUATIONS = st.builds(
    Situation,
    now=st.sampled_from([NOW, NOW + timedelta(hours=11)]),
    account=st.builds(
        AccountSituation,
        balance_micropaise=st.one_of(
            st.none(), st.integers(-60_00 * PAISA, 160_00 * PAISA), st.just(OWING)
        ),
        charged_until=st.sampled_from(
            [None, NOW, NOW, NOW + timedelta(hours=11), NOW - timedelta(hours=1)]
        ),
        overdue_paise=st.sampled_from([0, 1, 500_00]),
        is_check_due=MOSTLY,
        is_payment=st.booleans(),
        is_held=SELDOM,
        is_holiday=SELDOM,
        is_ledger_sound=MOSTLY,
    ),
    relay=st.builds(
        RelaySituation,
        has_relay=MOSTLY,
        is_online=MOSTLY,
        is_measuring=MOSTLY,
        is_register_sound=MOSTLY,
        relay_closed=st.sampled_from([True, True, False, None]),
        ordered=st.sampled_from([None, None, True, False]),
        is_order_open=st.booleans(),
        is_on_by_hand=SELDOM,
        is_contested=SELDOM,
    ),
    warned_paise=st.sampled_from([None, 500_00, 150_00]),
)


def is_owing(terms: PrepaidTerms | PostpaidTerms, account: AccountSituation) -> bool:
    """Return, by other words than the rules', whether an account alone would be cut."""
    if account.balance_micropaise is None:
        return False
    if isinstance(terms, PostpaidTerms):
        return account.overdue_paise > 0
    limit = (terms.cut_off_paise - terms.emergency_credit_paise) * PAISA
    # Half a paisa is rounded away from zero.
    return account.balance_micropaise < limit - PAISA // 2 + (limit <= 0)


@settings(max_examples=1000)
@given(TERMS, SITUATIONS)
def test_no_cut_while_a_guard_fails(terms: PrepaidTerms | PostpaidTerms, case: Situation) -> None:
    """Whatever the rest is; and where none fails there is a cut."""
    account, relay = case.account, case.relay
    guards = [
        is_owing(terms, account),
        terms.cuts,
        relay.has_relay,
        relay.is_online,
        relay.is_measuring,
        relay.is_register_sound,
        not relay.is_contested,
        not relay.is_on_by_hand,
        account.is_check_due,
        account.is_ledger_sound,
        not account.is_held,
        not account.is_holiday,
        not terms.protected.cover(case.now),
        account.charged_until is not None and abs(case.now - account.charged_until) <= FRESH_FOR,
    ]
    is_cut_already = (relay.ordered is False and not relay.is_order_open) or (
        relay.relay_closed is False and not (relay.ordered is True and relay.is_order_open)
    )
    verdict = decide(terms, case)
    assert (verdict.decision is Decision.CUT) is (all(guards) and not is_cut_already)


@settings(max_examples=1000)
@given(TERMS, SITUATIONS)
def test_only_what_billing_cut_is_restored_unless_always_was_chosen(
    terms: PrepaidTerms | PostpaidTerms, case: Situation
) -> None:
    """And never to who owes, unless the owner holds it."""
    verdict = decide(terms, case)
    if verdict.decision is Decision.RESTORE:
        assert case.relay.ordered is not None or terms.reconnects_always
        assert case.account.is_held or not is_owing(terms, case.account)
        assert case.relay.has_relay


@given(TERMS, SITUATIONS)
def test_the_same_decision_twice_warns_once(
    terms: PrepaidTerms | PostpaidTerms, case: Situation
) -> None:
    """Once the level is remembered."""
    verdict = decide(terms, case)
    again = decide(terms, replace(case, warned_paise=verdict.warned_paise))
    assert again.warning_paise is None
    assert again.state is verdict.state
