"""The table of files in CONTRIBUTING is the whole house, and nothing that is gone."""

from pathlib import Path
import re
from typing import Final

from custom_components import qube

ROOT: Final = Path(qube.__file__).parent
CONTRIBUTING: Final = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text()


def described() -> list[str]:
    """Return the files in the first column of the table, in its order."""
    table = CONTRIBUTING.partition("| File in `custom_components/qube/` |")[2].partition("\n\n")[0]
    return [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([\w/]+\.py)`", row.split("|")[1])
    ]


def test_every_file_is_described_once() -> None:
    """A newcomer finds each of them, and none that was renamed."""
    there = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py")]
    assert sorted(described()) == sorted(there)
