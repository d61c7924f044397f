"""How far a ledger had come, in a small file beside it: an older copy is behind it."""

from dataclasses import dataclass
import os
from pathlib import Path

from .migrations import sync


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Which ledger it was, and how much was in it."""

    ledger_id: str
    sequence: int


def mark_path(ledger: Path) -> Path:
    """Return where the mark of a ledger is."""
    return ledger.with_name(f"{ledger.name}.mark")


def read_mark(ledger: Path) -> Mark | None:
    """Return the mark beside a ledger; None where there is none that can be read."""
    try:
        ledger_id, sequence = mark_path(ledger).read_text(encoding="ascii").split()
        return Mark(ledger_id=ledger_id, sequence=int(sequence))
    except FileNotFoundError, ValueError:
        return None


def write_mark(ledger: Path, mark: Mark) -> None:
    """Write the mark, so that after a crash the old one is there or the new one."""
    target = mark_path(ledger)
    unfinished = target.with_name(f"{target.name}.unfinished")
    with unfinished.open("w", encoding="ascii") as file:
        file.write(f"{mark.ledger_id} {mark.sequence}\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(target)
    sync(target.parent)
