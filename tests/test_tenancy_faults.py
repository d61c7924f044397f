"""Every fault of the cloud at every endpoint that charging and supply use.

While a fault is there, nobody is cut whom the truth would not have cut; when it is gone, what was
used is charged to the Wh, once, and the relay is as the balance says.
"""

from itertools import product

import pytest

from custom_components.qube.billing.money import MICROPAISE_PER_PAISA
from custom_components.qube.billing.supply_models import SupplyState
from tests.rented_room import EB, QUARTER, RentedRoom, let_draw, used_wh
from tests.simulator import Endpoint, Fault, FaultKind
from tests.simulator.protocol import ErrorCode

CREDIT_PAISE = 115_00
CUT_OFF_PAISE = 100_00
PAYMENT_PAISE = 500_00

ENDPOINTS = (
    Endpoint.METRICS,
    Endpoint.DEVICE,
    Endpoint.HISTORY,
    Endpoint.RELAY,
    Endpoint.SPACES,
)
# After these Home Assistant asks for a new key, and the account is loaded with it.
KEY_IS_REFUSED = (FaultKind.UNAUTHORIZED, FaultKind.AUTH_ERROR_200)


def faults() -> list[Fault]:
    """Return each fault at each endpoint; what errors say differs, too."""
    found = [
        Fault(kind=kind, endpoint=endpoint, seconds=0.02)
        for kind, endpoint in product(FaultKind, ENDPOINTS)
        if kind is not FaultKind.IGNORED or endpoint is Endpoint.RELAY
    ]
    codes = [
        ErrorCode.DEVICE_NOT_FOUND,
        ErrorCode.DEVICE_OFFLINE,
        ErrorCode.NOT_YOUR_SPACE,
    ]
    found += [
        Fault(kind=FaultKind.ERROR, endpoint=endpoint, code=code)
        for code, endpoint in product(codes, ENDPOINTS)
    ]
    return found


def name_of(fault: Fault) -> str:
    """Return what a test is called."""
    is_error = fault.kind is FaultKind.ERROR
    return f"{fault.endpoint}-{fault.code if is_error else fault.kind}"


class Truth:
    """What the meter has measured, and what follows from it by the rates alone."""

    def __init__(self, room: RentedRoom) -> None:
        """Begin where the tenant moved in."""
        self._room = room
        self._opened_wh = room.meter.energy_wh
        self.paid_paise = CREDIT_PAISE

    @property
    def balance_micropaise(self) -> int:
        """Return the balance as it truly is."""
        used = self._room.meter.energy_wh - self._opened_wh
        return self.paid_paise * MICROPAISE_PER_PAISA - used * EB

    def is_owing(self) -> bool:
        """Return whether a cut is right."""
        return self.balance_micropaise < CUT_OFF_PAISE * MICROPAISE_PER_PAISA

    async def pass_by(self, quarters: int) -> None:
        """Let the time pass; nobody is in the dark who does not owe."""
        for _ in range(quarters):
            had_power = self._room.has_power()
            await self._room.machine.pass_by(QUARTER)
            assert self._room.has_power() or not had_power or self.is_owing()


async def mend(room: RentedRoom, fault: Fault) -> None:
    """Take the fault away; where the key was refused, enter it again."""
    room.cloud.faults.clear()
    if fault.kind in KEY_IS_REFUSED:
        await room.unload()
        await room.load()


@pytest.mark.parametrize("fault", faults(), ids=name_of)
async def test_a_fault_costs_nobody_a_paisa_and_cuts_nobody(room: RentedRoom, fault: Fault) -> None:
    """The balance falls below the cut-off during one, and a payment comes during another."""
    let_draw(room.meter, 1_000)
    await room.load()
    await room.rent(opening_credit_paise=CREDIT_PAISE, cut_off_paise=CUT_OFF_PAISE)
    truth = Truth(room)
    await truth.pass_by(4)

    # A gap that only the history fills, and the fault when the meter is back.
    room.meter.is_online = False
    await truth.pass_by(3)
    room.meter.is_online = True
    room.cloud.faults.add(fault)
    await truth.pass_by(8)
    assert truth.is_owing()
    await mend(room, fault)
    await truth.pass_by(6)
    assert not room.has_power()
    assert room.supply() is SupplyState.CUT

    room.cloud.faults.add(fault)
    await room.tenancy.async_pay(
        amount_paise=PAYMENT_PAISE, reference="UPI-1", method="upi", paid_at=room.machine.now
    )
    truth.paid_paise += PAYMENT_PAISE
    await room.settle()
    await truth.pass_by(2)
    await mend(room, fault)
    await truth.pass_by(4)
    assert room.has_power()
    assert room.supply() is SupplyState.ON
    assert (room.kinds().count("cut"), room.kinds().count("restored")) == (1, 1)

    await room.charge()
    assert room.tenancy.view.balance_micropaise == truth.balance_micropaise
    charges = await room.charges()
    assert used_wh(charges) == room.meter.energy_wh - 1_450_000
    assert {charge.millipaise_per_kwh for charge in charges} == {EB}
    assert await room.books.async_run(lambda ledger: ledger.open_intents()) == []
    await room.check_ledger()
