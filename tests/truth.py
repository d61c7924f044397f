"""What a tenant truly owes, by the meter alone, beside what is charged."""

from custom_components.qube.billing.money import MICROPAISE_PER_PAISA
from tests.rented_room import EB, QUARTER, RentedRoom, used_wh

CREDIT_PAISE = 115_00
CUT_OFF_PAISE = 100_00


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

    async def is_charged(self) -> bool:
        """Charge what the meter shows now; return whether the balance is exactly the true one."""
        await self._room.charge()
        await self._room.check_ledger()
        used = used_wh(await self._room.charges())
        assert used == self._room.meter.energy_wh - self._opened_wh
        return self._room.tenancy.view.balance_micropaise == self.balance_micropaise
