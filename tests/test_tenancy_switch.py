"""Hold keeps a tenant's power on."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from custom_components.qube.billing.errors import BillingError, LedgerError, RefusedError
from tests.account import Account
from tests.shown_tenancy import ShownTenancy, begin
from tests.simulator import SimulatedCloud


@pytest.fixture
def cloud(standing_cloud: SimulatedCloud) -> SimulatedCloud:
    """Let the cloud's time stand still."""
    return standing_cloud


async def turn(tenancy: ShownTenancy, direction: str) -> None:
    """Turn hold on or off as a person does."""
    await tenancy.account.hass.services.async_call(
        "switch", f"turn_{direction}", {"entity_id": tenancy.entity_id("hold")}, blocking=True
    )


async def test_a_person_holds_a_tenancy(account: Account) -> None:
    """And ends it; each is shown when the ledger has it."""
    (tenancy,) = await begin(account, account.meter())
    assert tenancy.state("hold") == "off"
    for direction in ("on", "off"):
        await turn(tenancy, direction)
        assert tenancy.view.is_held is (direction == "on")
        assert tenancy.state("hold") == direction


@pytest.mark.parametrize(
    ("refusal", "raised"),
    [
        (LedgerError("ledger_damaged"), HomeAssistantError),
        (RefusedError("tenancy_closed"), ServiceValidationError),
    ],
)
async def test_what_cannot_be_held_is_said(
    account: Account, refusal: BillingError, raised: type[HomeAssistantError]
) -> None:
    """By the key of billing's error; the switch stays as it was."""
    (tenancy,) = await begin(account, account.meter())
    tenancy.refusal = refusal
    with pytest.raises(raised) as caught:
        await turn(tenancy, "on")
    assert type(caught.value) is raised
    assert caught.value.translation_key == refusal.key
    assert tenancy.state("hold") == "off"
