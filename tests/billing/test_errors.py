"""Errors name the message for people and what stands in it."""

import pytest

from custom_components.qube.billing.errors import (
    BillingError,
    InvalidAmountError,
    LedgerError,
    RefusedError,
)


@pytest.mark.parametrize("error", [InvalidAmountError, LedgerError, RefusedError])
def test_an_error_names_its_message(error: type[BillingError]) -> None:
    """All of them can be caught as one."""
    raised = error("some_key", {"limit": "₹5"})
    assert isinstance(raised, BillingError)
    assert (raised.key, raised.placeholders, str(raised)) == (
        "some_key",
        {"limit": "₹5"},
        "some_key",
    )


def test_an_error_without_placeholders() -> None:
    """Nothing stands in its message, and nothing can be put there for all errors at once."""
    assert not BillingError("some_key").placeholders
    with pytest.raises(TypeError):
        BillingError("some_key").placeholders["a"] = "b"  # type: ignore[index]
