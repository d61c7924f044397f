"""Anything that can happen to a ledger, in any order, and what must hold after each step."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
import shutil
import tempfile
from typing import override

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from custom_components.qube.billing.errors import BillingError
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Charge, Charged, Source, SupplyReason
from tests.billing.books import bill_of_first_month, content, opening, pay
from tests.billing.worlds import NOON, a_charge, rates, reading

TENANCIES = ("a", "b")
MINUTE = timedelta(minutes=1)
TAX = 1_800
RATE = {Source.EB: 650_000, Source.DG: 1_810_000}
# What nobody may change once it is written.
FOR_EVER = ("rates", "journal", "posting", "device", "charge", "bill")


class LedgerMachine(RuleBasedStateMachine):
    """Two tenancies in one ledger, beside what they must come to, kept in plain integers."""

    def __init__(self) -> None:
        """Begin with a new file."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "ledger"
        self.ledger = Ledger.open(self.path, expected_id=None)
        self.expected_micropaise = dict.fromkeys(TENANCIES, 0)
        self.charged: dict[str, list[Charge]] = {name: [] for name in TENANCIES}
        self.given: list[tuple[str, Charged]] = []
        self.transactions: dict[int, int] = {}
        self.reversed: set[int] = set()
        self.seen: Mapping[str, list[tuple[object, ...]]] = {}
        for name in TENANCIES:
            version = rates(RATE[Source.EB], RATE[Source.DG], tax_basis_points=TAX)
            self.ledger.open_tenancy(opening(name, version=version), now=NOON)

    @override
    def teardown(self) -> None:
        """Remove the file."""
        self.ledger.close()
        shutil.rmtree(self.folder)

    @rule(
        name=st.sampled_from(TENANCIES),
        uses=st.lists(
            st.tuples(st.integers(1, 10**7), st.sampled_from(Source), st.integers(0, 3)), max_size=4
        ),
    )
    def charge(self, name: str, uses: list[tuple[int, Source, int]]) -> None:
        """Charge what was used, in one batch."""
        cursor = self.ledger.state(name).cursor
        charges: list[Charge] = []
        last_wh, last_at = cursor.total_wh, cursor.read_at
        for energy_wh, source, minutes in uses:
            one = a_charge(
                last_wh,
                last_wh + energy_wh,
                last_at,
                last_at + minutes * MINUTE,
                source,
                millipaise_per_kwh=RATE[source],
                tax_basis_points=TAX,
            )
            charges.append(one)
            last_wh, last_at = one.to_wh, one.to_at
        charged = Charged(charges=charges, cursor=reading(last_wh, last_at))
        state = self.ledger.post_charges(name, cursor, charged, now=NOON)
        self.charged[name] += charges
        self.given.append((name, charged))
        self.expected_micropaise[name] -= sum(
            each.energy_wh * (RATE[each.source] * (10_000 + TAX)) // 10_000 for each in charges
        )
        # Acknowledged is durable: any other reader sees it.
        assert state.balance_micropaise == self.expected_micropaise[name]

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def charge_again(self, data: st.DataObject) -> None:
        """Give charges again that were given before, from where they began then."""
        name, charged = data.draw(st.sampled_from(self.given))
        if charged.charges:
            first = charged.charges[0]
            start = reading(first.from_wh, first.from_at)
            self.ledger.post_charges(name, start, charged, now=NOON)

    @rule(
        name=st.sampled_from(TENANCIES),
        amount_paise=st.integers(1, 10**6),
        reference=st.sampled_from("abcdef"),
    )
    def pay(self, name: str, amount_paise: int, reference: str) -> None:
        """Pay; what the ledger refuses changes nothing."""
        try:
            booked, is_new = pay(self.ledger, name, amount_paise, reference)
        except BillingError:
            return
        if is_new:
            self.expected_micropaise[name] += amount_paise * 1_000_000
            self.transactions[booked.transaction_id] = booked.amount_micropaise
        assert pay(self.ledger, name, amount_paise, reference.upper()) == (booked, False)

    @precondition(lambda self: self.transactions)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """Take a payment back, perhaps again."""
        number = data.draw(st.sampled_from(sorted(self.transactions)))
        reversal, is_new = self.ledger.reverse(number, reason="", now=NOON)
        assert is_new == (number not in self.reversed)
        assert reversal.amount_micropaise == -self.transactions[number]
        if is_new:
            self.reversed.add(number)
            self.expected_micropaise[reversal.tenancy_id] -= self.transactions[number]

    @rule(name=st.sampled_from(TENANCIES))
    def bill(self, name: str) -> None:
        """Issue the first bill, perhaps again."""
        first = self.ledger.issue_bill(bill_of_first_month(self.ledger, name), now=NOON)
        assert self.ledger.issue_bill(first.draft, now=NOON + MINUTE) == first

    @rule(name=st.sampled_from(TENANCIES), power_on=st.booleans())
    def want(self, name: str, *, power_on: bool) -> None:
        """Want something of a relay."""
        wanted = self.ledger.add_intent(name, power_on=power_on, reason=SupplyReason.PAID, now=NOON)
        assert self.ledger.last_intent(name) == wanted
        self.ledger.settle_intent(wanted.intent_id, is_confirmed=power_on, now=NOON)

    @rule()
    def restart(self) -> None:
        """Open the file again."""
        self.ledger.close()
        self.ledger = Ledger.open(self.path, expected_id=self.ledger.ledger_id)
        assert not self.ledger.is_restored

    @invariant()
    def is_sound(self) -> None:
        """Let the ledger find that postings sum to zero, and all else that it checks."""
        self.ledger.check()

    @invariant()
    def balances_are_what_was_booked(self) -> None:
        """Range times rate, payments and their reversals, in plain arithmetic."""
        for name in TENANCIES:
            assert self.ledger.state(name).balance_micropaise == self.expected_micropaise[name]
            far = NOON + timedelta(days=36_500)
            assert self.ledger.balance_at(name, far) == self.expected_micropaise[name]

    @invariant()
    def ranges_are_disjoint_and_whole(self) -> None:
        """Lines say the same as the charges they are made of."""
        for name in TENANCIES:
            lines = self.ledger.charge_lines(name)
            assert all(last.to_wh == new.from_wh for last, new in pairwise(lines))
            charges = self.charged[name]
            assert sum(line.energy_wh for line in lines) == sum(each.energy_wh for each in charges)
            assert sum(line.amount_micropaise for line in lines) == sum(
                each.amount_micropaise for each in charges
            )

    @invariant()
    def the_past_is_unchanged(self) -> None:
        """Every row that was ever there is there, as it was."""
        now = content(self.path)
        for table in FOR_EVER if self.seen else ():
            assert set(self.seen[table]) <= set(now[table])
        self.seen = now
