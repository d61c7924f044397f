"""How long the statement of many years takes: hourly charges, an hour of generator a day."""

from datetime import datetime, timedelta
from pathlib import Path
import time
from typing import Final

from custom_components.qube.billing.ledger import Ledger
from custom_components.qube.billing.models import (
    INDIA,
    Charge,
    Charged,
    Opening,
    Plan,
    Rates,
    Reading,
    Source,
)
from custom_components.qube.billing.statement import make_statement

_START: Final = datetime(2026, 4, 1, tzinfo=INDIA)
_HOUR: Final = timedelta(hours=1)
_DAYS: Final = 365
_USE_WH: Final = 137
_GENERATOR_HOUR: Final = 19
_TIMES: Final = 5
_TENANCY: Final = "tenancy"


def statement_ms(path: Path, years: int) -> list[float]:
    """Return how long it took, several times, until the statement was made."""
    ledger = Ledger.open(path, expected_id=None)
    try:
        _fill(ledger, years * _DAYS)
        return [_once(ledger, years * _DAYS) for _ in range(_TIMES)]
    finally:
        ledger.close()


def _once(ledger: Ledger, days: int) -> float:
    started_at = time.perf_counter()
    start, end = _START, _START + timedelta(days=days)
    statement = make_statement(
        start,
        end,
        opening_balance_micropaise=ledger.balance_at(_TENANCY, start),
        charges=ledger.charge_lines(_TENANCY, start, end),
        transactions=ledger.transactions(_TENANCY, start, end, with_charges=False),
    )
    elapsed_s = time.perf_counter() - started_at
    balance = ledger.state(_TENANCY).balance_micropaise
    if statement.closing_balance_micropaise != balance:
        raise RuntimeError("the statement does not end with the balance")
    return elapsed_s * 1000


def _fill(ledger: Ledger, days: int) -> None:
    """Charge each hour, and pay each ten days."""
    rates = Rates(valid_from=_START, eb_millipaise_per_kwh=650_000, dg_millipaise_per_kwh=1_800_000)
    opening = Opening(
        tenancy_id=_TENANCY,
        tenant="Tenant",
        meter_key="meter",
        meter_name="Room",
        plan=Plan.PREPAID,
        opened=_reading(0),
        rates=rates,
    )
    ledger.open_tenancy(opening, now=_START)
    for day in range(days):
        charges = [_charge(day * 24 + hour, rates) for hour in range(24)]
        cursor, now = _reading(day * 24), _START + timedelta(days=day + 1)
        charged = Charged(charges=charges, cursor=_reading(day * 24 + 24))
        ledger.post_charges(_TENANCY, cursor, charged, now=now)
        if day % 10 == 0:
            ledger.record_payment(
                _TENANCY,
                amount_paise=20_000,
                reference=f"UPI {day}",
                method="UPI",
                paid_at=now,
                now=now,
            )


def _reading(hour: int) -> Reading:
    total_wh = hour * _USE_WH
    return Reading(
        total_wh=total_wh, read_at=_START + hour * _HOUR, device_id="QUBE", register_wh=total_wh
    )


def _charge(hour: int, rates: Rates) -> Charge:
    source = Source.DG if hour % 24 == _GENERATOR_HOUR else Source.EB
    return Charge(
        from_wh=hour * _USE_WH,
        to_wh=(hour + 1) * _USE_WH,
        from_at=_START + hour * _HOUR,
        to_at=_START + (hour + 1) * _HOUR,
        device_id="QUBE",
        register_wh=(hour + 1) * _USE_WH,
        source=source,
        millipaise_per_kwh=rates.millipaise_per_kwh(source),
        tax_basis_points=0,
        is_estimated=False,
    )
