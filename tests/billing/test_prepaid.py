"""What a balance alone says, to the paisa."""

import pytest

from custom_components.qube.billing.money import MICROPAISE_PER_PAISA
from custom_components.qube.billing.prepaid import standing_of, warning_of
from custom_components.qube.billing.terms import PrepaidTerms

TERMS = PrepaidTerms(
    cut_off_paise=100_00, emergency_credit_paise=50_00, warning_levels_paise=(500_00, 200_00)
)


def paise(amount: int) -> int:
    """Return whole paise in micropaise."""
    return amount * MICROPAISE_PER_PAISA


@pytest.mark.parametrize(
    ("balance_micropaise", "is_owing", "is_in_order"),
    [
        (paise(100_00), False, True),
        (paise(99_99), False, False),
        (paise(50_00), False, False),
        (paise(49_99), True, False),
        (paise(-1), True, False),
        # As people see it: half a paisa below is still the cut-off.
        (paise(100_00) - 500_000, False, True),
        (paise(100_00) - 500_001, False, False),
        (paise(50_00) - 500_000, False, False),
        (paise(50_00) - 500_001, True, False),
    ],
)
def test_a_balance_is_owing_strictly_below_the_cut_off_less_the_credit(
    balance_micropaise: int, is_owing: bool, is_in_order: bool
) -> None:
    """And in order from the cut-off on; between the two nothing changes."""
    standing = standing_of(TERMS, balance_micropaise)
    assert (standing.is_owing, standing.is_in_order) == (is_owing, is_in_order)


def test_the_vendors_example_is_cut_and_restored() -> None:
    """85.50 is below 100.00; 2,000.00 more give 2,085.50."""
    terms = PrepaidTerms(cut_off_paise=100_00)
    assert not standing_of(terms, paise(2_923_30)).is_owing
    assert standing_of(terms, paise(85_50)).is_owing
    assert standing_of(terms, paise(2_085_50)).is_in_order


def test_each_level_is_warned_of_once_and_again_after_it_was_above() -> None:
    """What is remembered follows the balance, up as well as down."""
    warned: int | None = None
    warnings = []
    for balance in (600, 500, 499, 300, 199, 150, 300, 600, 450, 100, 600, 150):
        standing = standing_of(TERMS, paise(balance * 100))
        warnings.append(warning_of(warned, standing))
        warned = standing.warned_paise
    assert warnings == [
        *(None, None, 500_00, None, 200_00, None),
        *(None, None, 500_00, 200_00, None, 200_00),
    ]


def test_without_levels_nothing_is_warned_of() -> None:
    """Nor below zero."""
    assert standing_of(PrepaidTerms(), paise(-5)).warned_paise is None
