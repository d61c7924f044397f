"""Whether what was charged is what the oracle says."""

from collections import Counter
from dataclasses import dataclass, field

from custom_components.qube.billing.bills import StoredBill
from custom_components.qube.billing.money import MICROPAISE_PER_PAISA
from custom_components.qube.tenancy_account import ChargeOutcome

from .oracle import Expected, ExpectedBill, Line
from .world import moment

_SHOWN = 10


@dataclass(kw_only=True, slots=True)
class Judge:
    """Count what was compared, and keep the first differences."""

    charges: int = 0
    charged_wh: int = 0
    bills: int = 0
    cuts: int = 0
    wrong: int = 0
    differences: list[str] = field(default_factory=list)

    def expect(self, what: str, found: object, expected: object) -> None:
        """Note a difference where there is one."""
        if found != expected:
            self.wrong += 1
            if len(self.differences) < _SHOWN:
                self.differences.append(f"{what}: {found} instead of {expected}")

    def charged(
        self, expected: Expected, at_s: int, outcome: ChargeOutcome, *, is_cut: bool | None
    ) -> None:
        """Judge a charge, with the bills that came of it."""
        look = outcome.look
        found = (
            at_s,
            look.state.balance_micropaise,
            look.overdue_paise,
            is_cut,
            len(outcome.bills),
        )
        wanted = (
            expected.at_s,
            expected.balance_micropaise,
            expected.overdue_paise,
            expected.is_cut_due,
            len(expected.bills),
        )
        self.expect(f"{look.record.tenancy_id} at {moment(at_s)}", found, wanted)
        self.charges += 1
        self.cuts += is_cut is True
        self.charged_wh += sum(charge.energy_wh for charge in outcome.charges)
        for bill, wanted_bill in zip(outcome.bills, expected.bills, strict=False):
            self._bill(bill, wanted_bill)

    def _bill(self, bill: StoredBill, expected: ExpectedBill) -> None:
        self.bills += 1
        draft = bill.draft
        lines: Counter[Line] = Counter()
        for line in draft.lines:
            device = int(line.opening.device_id.rpartition("-")[2])
            key = device, line.source, line.millipaise_per_kwh, line.tax_basis_points
            lines[key] += line.energy_wh
        found = ExpectedBill(
            issued_s=int((bill.issued_at - moment(0)).total_seconds()),
            first=draft.period.start.astimezone(moment(0).tzinfo).date(),
            fixed_paise=draft.fixed_charge_paise,
            lines=dict(lines),
            payments_paise=draft.payments_micropaise // MICROPAISE_PER_PAISA,
            adjustments_paise=draft.adjustments_micropaise // MICROPAISE_PER_PAISA,
            balance_micropaise=draft.balance_micropaise,
            amount_due_paise=draft.amount_due_paise,
            due_s=int((draft.due_at - moment(0)).total_seconds()) if draft.due_at else None,
        )
        self.expect(f"bill {bill.number} of {draft.tenancy_id}", found, expected)
