"""A look into the ledger of a Home Assistant that does not run: at a copy, which is thrown away."""

from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
from typing import Final

from custom_components.qube.billing.errors import LedgerError
from custom_components.qube.billing.ledger import Ledger

from .written import Written, read_written

# The file, what is not in it yet, and how far it has come.
_PARTS: Final = ("", "-wal", ".mark")


def look(ledger: Path) -> tuple[Written | None, list[str]]:
    """Return what is written, and what Home Assistant itself would find wrong at its next start.

    Nothing where there is no ledger, or nothing in it yet.
    """
    if not ledger.exists():
        return None, []
    with TemporaryDirectory() as folder:
        copy = Path(folder, ledger.name)
        for part in _PARTS:
            whole = ledger.with_name(ledger.name + part)
            if whole.exists():
                shutil.copy(whole, copy.with_name(copy.name + part))
        written = read_written(copy)
        if written is None:
            return None, []
        try:
            opened = Ledger.open(copy, expected_id=None)
        except LedgerError as err:
            return written, [f"the ledger cannot be opened: {err.key} {dict(err.placeholders)}"]
        is_restored = opened.is_restored
        opened.close()
        return written, ["the ledger will be taken for an older copy"] if is_restored else []
