"""The list of spaces is believed where it can be, and tells everybody's trouble from a meter's."""

from tests.account import Account


async def test_three_failing_meters_are_not_three_absences(account: Account) -> None:
    """Each asks whether the cloud is down; the same list seen three times proves nothing more."""
    gone = [account.meter(index) for index in range(3)]
    power = [account.entity_id(meter, "power") for meter in gone]
    for meter in gone:
        account.cloud.remove_meter(meter.device_id)
    for meter in gone:
        await account.coordinator(meter).async_refresh()
        await account.settle()
    assert all(account.hass.states.get(entity_id) for entity_id in power)


async def test_a_cloud_without_spaces_is_not_believed(account: Account) -> None:
    """Rather a fault of the cloud than all houses sold at once."""
    for space_id in list(account.cloud.spaces):
        account.cloud.remove_space(space_id)
    for _ in range(4):
        await account.poll_spaces()
    assert not account.inventory.last_update_success
    assert len(account.coordinators) == 12
