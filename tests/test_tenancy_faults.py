"""Every fault of the cloud at every endpoint that charging and supply use.

While a fault is there, nobody is cut whom the truth would not have cut; when it is gone, what was
used is charged to the Wh, once, and the relay is as the balance says.
"""

from itertools import product

import pytest

from custom_components.qube.billing.supply_models import SupplyState
from tests.rented_room import EB, RentedRoom, let_draw
from tests.simulator import Endpoint, Fault, FaultKind
from tests.simulator.protocol import ErrorCode
from tests.truth import CREDIT_PAISE, Truth

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
    await room.rent(opening_credit_paise=CREDIT_PAISE)
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

    assert await truth.is_charged()
    assert {charge.millipaise_per_kwh for charge in await room.charges()} == {EB}
    assert await room.books.async_run(lambda ledger: ledger.open_intents()) == []
