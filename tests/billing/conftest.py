"""A ledger in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from custom_components.qube.billing.ledger import Ledger
from tests.billing.books import opening
from tests.billing.worlds import NOON


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the ledger is."""
    return tmp_path / "ledger"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    """Return a new ledger with one tenancy, `room-101`."""
    ledger = Ledger.open(path, expected_id=None)
    ledger.open_tenancy(opening("room-101"), now=NOON)
    yield ledger
    ledger.close()
