"""`hass` itself, in another time than the computer's and, as a control, with a fault in it.

It is patched in its own process only: `python -m script.proof.crash.hass --config …`.
"""

from datetime import UTC, datetime, timedelta, tzinfo
import os
import sys
import time
from typing import Final

from homeassistant.util import dt as dt_util

AHEAD: Final = "QUBE_PROOF_AHEAD_S"
IS_BROKEN: Final = "QUBE_PROOF_IS_BROKEN"


def go_ahead(ahead_s: float) -> None:
    """Let Home Assistant live in the future; what is signed for the API keeps the real time."""
    ahead, real_time = timedelta(seconds=ahead_s), time.time

    def now(time_zone: tzinfo | None = None) -> datetime:
        return datetime.now(time_zone or dt_util.get_default_time_zone()) + ahead

    time.time = lambda: real_time() + ahead_s
    dt_util.now = now
    dt_util.utcnow = lambda: datetime.now(UTC) + ahead  # type: ignore[assignment]


def run() -> int:
    """Run Home Assistant; its modules take over the time when they are imported."""
    go_ahead(float(os.environ[AHEAD]))
    from homeassistant.__main__ import main  # noqa: PLC0415

    if os.environ[IS_BROKEN] == "1":
        from .fault import commit_apart  # noqa: PLC0415

        commit_apart()
    return main()


if __name__ == "__main__":
    sys.exit(run())
