"""What goes on in the house until the power fails: money comes, sources switch, bills are due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from random import Random
from typing import Final

from aiohttp import ClientError, WSMessageTypeError

from custom_components.qube.billing.models import Plan, Source
from script.demonstration.errors import DemoError
from script.demonstration.home import Home

from .house import House
from .judge import Booking
from .tenants import CUT_OFF_PAISE, Tenant

_PAISE_PER_RUPEE: Final = 100
_PAYERS: Final = 2
_SMALL_PAISE: Final = 100
_CLEAR_PAISE: Final = 1_000_00
_SECONDS_BETWEEN_TRIES: Final = 0.05
_SECONDS_BETWEEN_CHARGES: Final = 0.1
_SECONDS_BETWEEN_SWITCHES: Final = 0.5
_SETTLE_WITHIN_S: Final = 120


class Landlord:
    """Somebody who writes down every payment, and posts it again until it was answered."""

    def __init__(self, house: House, tenants: Sequence[Tenant], random: Random) -> None:
        """Begin with no money."""
        self.tenants = tenants
        self.bookings: list[Booking] = []
        self.posted_again = 0
        self.is_busy = asyncio.Event()
        self._house = house
        self._random = random
        self._balances_paise: dict[str, int] = {}

    async def work(self, home: Home) -> None:
        """Do all at once what money, meters and the ledger have to do with, for ever."""
        devices = await self._devices(home)
        async with asyncio.TaskGroup() as group:
            for number in range(_PAYERS):
                group.create_task(self._receive(home, devices, self._unanswered()[number::_PAYERS]))
            for tenant in self.tenants:
                group.create_task(self._charge(home, devices[tenant.tenancy_id]))
            group.create_task(self._switch_sources())

    async def settle(self, home: Home) -> None:
        """Have all that was posted answered; then let some pay what they owe, and some owe."""
        async with asyncio.timeout(_SETTLE_WITHIN_S):
            devices = await self._devices(home)
            for booking in self._unanswered():
                await self._post_until_answered(home, devices, booking)
            for tenant in self.tenants:
                # The answer says how much there is.
                small = self._new(tenant, "payment", 1)
                await self._post_until_answered(home, devices, small)
                balance_paise = self._balances_paise[tenant.tenancy_id]
                if self.is_power_due(tenant):
                    amount_paise = max(_CLEAR_PAISE, _CLEAR_PAISE - balance_paise)
                    kind = "payment"
                else:
                    amount_paise = min(-_CLEAR_PAISE, -_CLEAR_PAISE - balance_paise)
                    kind = "adjustment"
                last = self._new(tenant, kind, amount_paise)
                await self._post_until_answered(home, devices, last)

    async def charge_all(self, home: Home) -> None:
        """Have each account charged up to the last reading of its meter."""
        devices = await self._devices(home)
        for device_id in devices.values():
            await _charge(home, device_id)

    def is_power_due(self, tenant: Tenant) -> bool:
        """Return whether a tenant is one of those who pay in the end."""
        return tenant.plan is Plan.POSTPAID or self.tenants.index(tenant) % 2 == 0

    def _unanswered(self) -> list[Booking]:
        return [booking for booking in self.bookings if not booking.is_acknowledged]

    async def _receive(
        self, home: Home, devices: dict[str, str], unanswered: Sequence[Booking]
    ) -> None:
        """Take payments, beginning with those of which nobody knows what became of them."""
        for booking in unanswered:
            self.posted_again += 1
            await self._post_until_answered(home, devices, booking)
        while True:
            tenant = self._random.choice(self.tenants)
            amount_paise = self._random.randint(1, _SMALL_PAISE)
            owed_paise = CUT_OFF_PAISE - self._balances_paise.get(tenant.tenancy_id, CUT_OFF_PAISE)
            if owed_paise > 0 and self._random.random() < 1 / 3:
                amount_paise += owed_paise
            booking = self._new(tenant, "payment", amount_paise)
            await self._post_until_answered(home, devices, booking)

    def _new(self, tenant: Tenant, kind: str, amount_paise: int) -> Booking:
        booking = Booking(
            tenancy_id=tenant.tenancy_id,
            kind=kind,
            reference=f"R{len(self.bookings) + 1}",
            amount_paise=amount_paise,
        )
        self.bookings.append(booking)
        return booking

    async def _post_until_answered(
        self, home: Home, devices: dict[str, str], booking: Booking
    ) -> None:
        body = {
            "device_id": devices[booking.tenancy_id],
            "amount": f"{booking.amount_paise / _PAISE_PER_RUPEE:.2f}",
            "reference": booking.reference,
        }
        if booking.kind == "payment":
            body |= {"method": "cash", "is_confirmed": "true"}
        else:
            body |= {"reason": "proof"}
        answer = await _until_done(lambda: home.act("qube", f"record_{booking.kind}", body))
        booking.is_acknowledged = True
        self._balances_paise[booking.tenancy_id] = round(answer["balance"] * _PAISE_PER_RUPEE)
        self.is_busy.set()

    async def _charge(self, home: Home, device_id: str) -> None:
        while True:
            await _charge(home, device_id)
            await asyncio.sleep(_SECONDS_BETWEEN_CHARGES)

    async def _switch_sources(self) -> None:
        """Let the generator stand in now and then: each switch is charged as it is seen."""
        while True:
            tenant = self._random.choice(self.tenants)
            await self._house.switch(tenant.device_id, self._random.choice([*Source]))
            await asyncio.sleep(_SECONDS_BETWEEN_SWITCHES)

    async def _devices(self, home: Home) -> dict[str, str]:
        """Return Home Assistant's device of each tenancy, once all are there."""

        async def found() -> dict[str, str]:
            (devices,) = await home.ask({"type": "config/device_registry/list"})
            ids = {
                identifier.removeprefix("tenancy_"): device["id"]
                for device in devices
                for domain, identifier in device["identifiers"]
                if domain == "qube"
            }
            missing = [each for each in self.tenants if each.tenancy_id not in ids]
            if missing:
                raise DemoError(f"{len(missing)} tenancies have no device yet.")
            return {tenant.tenancy_id: ids[tenant.tenancy_id] for tenant in self.tenants}

        return await _until_done(found)


async def _charge(home: Home, device_id: str) -> None:
    """Ask for a bill: all is charged first, even where no period is over and it is refused."""
    with suppress(ClientError, DemoError):
        await home.act("qube", "issue_bill", {"device_id": device_id})


async def _until_done[T](attempt: Callable[[], Awaitable[T]]) -> T:
    """Try again as long as Home Assistant is not there, or not yet able."""
    while True:
        try:
            return await attempt()
        except ClientError, DemoError, WSMessageTypeError:
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
