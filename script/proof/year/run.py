"""The simulated year, driven through the code that Home Assistant runs, against the oracle."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from decimal import Decimal

from custom_components.qube.api import HistoryReading
from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import Plan, Rates, Reading
from custom_components.qube.billing.statement import make_statement
from custom_components.qube.billing.supply_models import (
    AccountSituation,
    Decision,
    RelaySituation,
    Situation,
)
from custom_components.qube.billing.supply_rules import decide
from custom_components.qube.billing.terms import (
    CheckInterval,
    PostpaidTerms,
    PrepaidTerms,
    ProtectedTimes,
    next_check,
)
from custom_components.qube.epochs import Epoch, Epochs
from custom_components.qube.reading_watch import ReadingWatch
from custom_components.qube.register import Register
from custom_components.qube.register_readings import gaps_between, recorded_between
from custom_components.qube.tenancy_account import (
    AccountLook,
    ChargeOutcome,
    charge_account,
    close_account,
    look_at,
    open_account,
)
from custom_components.qube.tenancy_meter import INTERVALS_WATCHED
from custom_components.qube.tenancy_terms import TenancyTerms

from .judge import Judge
from .oracle import Oracle
from .world import DAY_S, QUARTER_S, Meter, Money, NewDevice, Price, Stay, moment

_WATCHED_FOR = (moment(QUARTER_S) - moment(0)) * INTERVALS_WATCHED


class Room:
    """One meter as Home Assistant knows it, and what it reads of it."""

    def __init__(self, meter: Meter) -> None:
        """Begin with the first device."""
        self.meter = meter
        self.watch = ReadingWatch()
        # Of each device: since when it is there, what its register showed, and the total.
        self._registers = [(-1, meter.total_wh(0), meter.total_wh(0))]
        self._registers += [self._new_register(new) for new in meter.new_devices]

    def _new_register(self, new: NewDevice) -> tuple[int, int, int]:
        last_s = max(self.meter.polls(new.at_s - 2 * QUARTER_S, new.at_s))
        return last_s, new.register_wh, self.meter.total_wh(last_s)

    def device(self, at_s: int) -> int:
        """Return the number of the device that is on the wall."""
        return sum(new.at_s <= at_s for new in self.meter.new_devices)

    def reading(self, at_s: int) -> Reading:
        """Return what a poll reads."""
        device, total_wh = self.device(at_s), self.meter.total_wh(at_s)
        return Reading(
            total_wh=total_wh,
            read_at=moment(at_s),
            device_id=self.device_id(device),
            register_wh=self._register_wh(device, total_wh),
            source=self.meter.source(at_s),
        )

    def device_id(self, device: int) -> str:
        """Return the id of a device."""
        return f"{self.meter.name}-{device}"

    def filled(self, cursor: Reading, waiting: Sequence[Reading]) -> list[Reading]:
        """Return the readings to charge, with what the cloud kept of the gaps between them."""
        readings = [cursor, *waiting]
        for before, after in gaps_between(readings):
            readings += recorded_between(
                self._history(before.read_at, after.read_at),
                self._epochs(),
                Register(energy_wh=before.total_wh, read_at=before.read_at),
                Register(energy_wh=after.total_wh, read_at=after.read_at),
            )
        return sorted(readings[1:], key=lambda reading: reading.read_at)

    def _register_wh(self, device: int, total_wh: int) -> int:
        _, register_wh, began_wh = self._registers[device]
        return register_wh + total_wh - began_wh

    def _history(self, after: datetime, before: datetime) -> Iterator[HistoryReading]:
        first, last = ((each - moment(0)).total_seconds() for each in (after, before))
        for at_s in range(int(first) // QUARTER_S * QUARTER_S, int(last) + QUARTER_S, QUARTER_S):
            register_wh = self._register_wh(self.device(at_s), self.meter.total_wh(at_s))
            yield HistoryReading(
                property_id="energy",
                value=Decimal(register_wh).scaleb(-3),
                unit="kWh",
                ended_at=moment(at_s),
            )

    def _epochs(self) -> Epochs:
        return tuple(
            Epoch(
                device_id=self.device_id(device),
                since=moment(since_s),
                register_wh=register_wh,
                total_wh=began_wh,
            )
            for device, (since_s, register_wh, began_wh) in enumerate(self._registers)
        )


class Tenant:
    """One stay: what happens in it, day by day, and whether it comes to what the oracle says."""

    def __init__(self, ledger: Ledger, room: Room, stay: Stay, judge: Judge) -> None:
        """Prepare; nothing is opened yet."""
        self._ledger = ledger
        self._room = room
        self._stay = stay
        self._terms = _terms(room, stay)
        self._oracle = Oracle(room.meter, stay)
        self._expected = self._oracle.charges()
        self._judge = judge
        self._booked: dict[str, int] = {}
        self._look: AccountLook | None = None
        self._is_check_missed = False

    def days(self) -> Iterator[int]:
        """Live through it, and yield at the end of each day."""
        stay, ledger = self._stay, self._ledger
        now = moment(stay.begins_s)
        opening = self._terms.opening(stay.name, f"Room of {stay.name}")
        open_account(ledger, opening, listed=[stay.name], now=now)
        self._look = look_at(ledger, stay.name, self._terms, now)
        self._room.watch = ReadingWatch()
        events = self._events()
        today = stay.begins_s // DAY_S
        for at_s, _, what in sorted(events, key=lambda event: event[:2]):
            while at_s // DAY_S > today:
                yield today
                today += 1
            self._do(at_s, what)
        self._finish()

    def _events(self) -> Iterator[tuple[int, int, Money | Price | str]]:
        """Yield what happens, with what comes first of things at the same second."""
        stay, meter = self._stay, self._room.meter
        end_s = meter.days * DAY_S if stay.ends_s is None else stay.ends_s
        for at_s in meter.polls(stay.begins_s, end_s):
            yield at_s, 0, "poll"
        for gap in meter.gaps:
            if gap.is_off and stay.begins_s < gap.from_s < end_s:
                yield gap.to_s, -1, "start"
        for price in stay.prices[1:]:
            yield price.said_s, 1, price
            yield price.since_s, 2, "charge"
        every = self._terms.checks
        check_s = stay.begins_s
        while (check_s := _seconds(next_check(every, moment(check_s)))) < end_s:
            yield check_s, 2, "check"
        for money in stay.money:
            yield money.at_s, 3, money
        if stay.ends_s is not None:
            yield stay.ends_s, 2, "end"

    def _do(self, at_s: int, what: Money | Price | str) -> None:
        gap = self._room.meter.gap(at_s)
        match what:
            case Money():
                self._book(what)
            case Price():
                self._ledger.add_rates(self._stay.name, _rates(what), now=moment(at_s))
            case "start":
                self._room.watch = ReadingWatch()
                self._is_check_missed = True
            case "poll":
                self._poll(at_s)
            case "end":
                self._room.watch.see(self._room.reading(at_s), _WATCHED_FOR)
                self._charge(at_s, what)
            case _ if gap is None or not gap.is_off:
                self._charge(at_s, what)

    def _poll(self, at_s: int) -> None:
        has_switched = self._room.watch.see(self._room.reading(at_s), _WATCHED_FOR)
        if self._is_check_missed:
            self._is_check_missed = False
            self._charge(at_s, "check")
        elif has_switched:
            self._charge(at_s, "charge")

    def _charge(self, at_s: int, what: str) -> None:
        """Charge as `RunningAccount` does, and let it be judged."""
        assert self._look is not None  # noqa: S101
        watch, cursor, now = self._room.watch, self._look.state.cursor, moment(at_s)
        waiting = [each for each in watch.waiting if each.read_at > cursor.read_at]
        readings = self._room.filled(cursor, waiting)
        do = close_account if what == "end" else charge_account
        outcome = do(self._ledger, self._stay.name, readings, self._terms, now)
        self._look = outcome.look
        watch.forget(outcome.look.state.cursor)
        is_cut = self._is_cut(at_s, outcome) if what == "check" else None
        self._judge.charged(next(self._expected), at_s, outcome, is_cut=is_cut)

    def _is_cut(self, at_s: int, outcome: ChargeOutcome) -> bool:
        """Decide as a check does, of a relay that was never switched."""
        look = outcome.look
        account = AccountSituation(
            balance_micropaise=look.state.balance_micropaise,
            charged_until=look.state.cursor.read_at,
            overdue_paise=look.overdue_paise,
            is_check_due=True,
        )
        relay = RelaySituation(
            has_relay=True,
            is_online=self._room.meter.gap(at_s) is None,
            is_measuring=True,
            is_register_sound=True,
            relay_closed=True,
        )
        situation = Situation(now=moment(at_s), account=account, relay=relay)
        return decide(self._terms.supply, situation).decision is Decision.CUT

    def _book(self, money: Money) -> None:
        """Book, and once more: it must count once."""
        ledger, name, now = self._ledger, self._stay.name, moment(money.at_s)
        news: list[bool] = []
        for _ in range(2):
            if money.reverses:
                made = ledger.reverse(self._booked[money.reverses], reason="wrong", now=now)
            elif money.is_payment:
                made = ledger.record_payment(
                    name,
                    amount_paise=money.amount_paise,
                    reference=money.reference,
                    method="UPI",
                    paid_at=now,
                    now=now,
                )
            else:
                made = ledger.record_adjustment(
                    name,
                    amount_paise=money.amount_paise,
                    reason="agreed",
                    reference=money.reference,
                    now=now,
                )
            transaction, is_new = made
            self._booked[money.reference] = transaction.transaction_id
            news.append(is_new)
        self._judge.expect(f"{name}: {money.reference} counts once", news, [True, False])

    def _finish(self) -> None:
        """Compare what is left to compare: days, the end, and the statement of it all."""
        ledger, name, judge = self._ledger, self._stay.name, self._judge
        judge.expect(f"{name}: charges", next(self._expected, None), None)
        balance = ledger.state(name).balance_micropaise
        judge.expect(f"{name}: balance", balance, self._oracle.closing_balance())
        lines = ledger.charge_lines(name)
        daily: Counter[int] = Counter()
        for line in lines:
            daily[_seconds(line.from_at) // DAY_S] += line.energy_wh
        judge.expect(f"{name}: Wh of each day", daily, self._oracle.daily_wh)
        statement = make_statement(
            moment(0),
            moment(self._room.meter.days * DAY_S),
            opening_balance_micropaise=0,
            charges=lines,
            transactions=ledger.transactions(name, with_charges=False),
        )
        judge.expect(f"{name}: statement", statement.closing_balance_micropaise, balance)


def _seconds(at: datetime) -> int:
    return int((at - moment(0)).total_seconds())


def _rates(price: Price) -> Rates:
    return Rates(
        valid_from=moment(price.since_s),
        eb_millipaise_per_kwh=price.eb_millipaise,
        dg_millipaise_per_kwh=price.dg_millipaise,
        monthly_charge_paise=price.monthly_paise,
        tax_basis_points=price.tax_basis_points,
    )


def _terms(room: Room, stay: Stay) -> TenancyTerms:
    hours = stay.protected_hours
    protected = ProtectedTimes(
        start=time(hours[0]) if hours else None,
        end=time(hours[1]) if hours else None,
        weekdays=frozenset({stay.protected_weekday}),
    )
    prepaid = PrepaidTerms(
        cut_off_paise=stay.cut_off_paise,
        emergency_credit_paise=stay.emergency_paise,
        cuts=True,
        protected=protected,
    )
    postpaid = PostpaidTerms(
        billing_day=stay.billing_day, due_days=stay.due_days, cuts=True, protected=protected
    )
    return TenancyTerms(
        tenant=f"Tenant of {stay.name}",
        meter_key=room.meter.name,
        plan=stay.plan,
        started_at=moment(stay.begins_s),
        opened=room.reading(stay.begins_s),
        rates=_rates(stay.prices[0]),
        opening_credit_paise=stay.opening_paise,
        billing_day=stay.billing_day,
        supply=prepaid if stay.plan is Plan.PREPAID else postpaid,
        checks=CheckInterval(every=stay.checks),
        holidays=None,
    )
