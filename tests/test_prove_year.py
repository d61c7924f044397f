"""A few tenants, some weeks: what `script/prove year` proves of two hundred and of a year."""

from script.proof.year.prove import prove_year
from script.proof.year.world import meters

TENANCIES = 4
DAYS = 40
# In this world somebody moves out and in, a rate changes, a device is replaced, a meter and Home
# Assistant are off for a time, and there are both plans and both intervals.
SEED = 42


def test_weeks_of_tenancies_come_to_what_the_oracle_says() -> None:
    """Each check, each bill, each day, and the end."""
    year = prove_year(tenancies=TENANCIES, days=DAYS, seed=SEED, processes=1)
    assert year.differences == []
    assert year.tenancies == TENANCIES
    assert year.bills >= TENANCIES
    assert year.charges > TENANCIES * DAYS
    assert year.cuts


def test_one_paisa_too_much_in_one_charge_is_found() -> None:
    """The control: the ledger itself has nothing against that charge, the oracle has."""
    year = prove_year(tenancies=1, days=40, seed=SEED, processes=1, is_wrong=True)
    assert year.wrong


def test_the_same_seed_is_the_same_world() -> None:
    """A difference that was found can be found again."""
    assert meters(TENANCIES, DAYS, SEED) == meters(TENANCIES, DAYS, SEED)
    assert meters(TENANCIES, DAYS, SEED) != meters(TENANCIES, DAYS, SEED + 1)
