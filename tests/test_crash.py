"""A real Home Assistant is killed a few times; `script/prove crash` does it for longer."""

import os
from pathlib import Path
import subprocess
import sys

from script.demonstration.instance import REPOSITORY


def prove(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the proof in a process of its own, where sockets are sockets and time is time."""
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "script.proof", "crash", *arguments],
        cwd=REPOSITORY,
        # What is left of a proof that failed goes with the test.
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_no_money_is_lost_or_made_up_by_a_few_kills(tmp_path: Path) -> None:
    """Payments, charges, cursors and relays are as they have to be."""
    proof = prove(tmp_path, "--cycles", "2", "--seed", "3")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert "2 kills" in proof.stdout
    assert "It holds" in proof.stdout


def test_a_ledger_that_commits_charges_and_cursor_apart_is_found_out(tmp_path: Path) -> None:
    """The control: the same proof fails, in the first cycles, with the reason."""
    proof = prove(tmp_path, "--cycles", "8", "--seed", "3", "--broken")
    assert proof.returncode == 1, proof.stdout + proof.stderr
    assert "It does NOT hold" in proof.stdout
    assert "its cursor is at" in proof.stdout
