"""A ledger in a file of its own."""

from collections.abc import Iterator
from pathlib import Path

from hypothesis import Phase, settings
import pytest

from custom_components.qube.billing.ledger import Ledger
from tests.billing.books import opening
from tests.billing.worlds import NOON

# A mutant is killed by the first example that fails; a smaller one would tell nothing more.
settings.register_profile(
    "mutation", phases=[Phase.explicit, Phase.generate], derandomize=True, deadline=None
)


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
