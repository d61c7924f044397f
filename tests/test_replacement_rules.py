"""What can be told, from a list of devices, about who took whose place."""

from hypothesis import given, strategies as st

from custom_components.qube.replacement_rules import (
    KnownMeter,
    ListedDevice,
    Origin,
    find_origins,
)

ROOM = "Building-A.Room-101"


def device(device_id: str, udf1: str | None = ROOM, space_id: int = 1) -> ListedDevice:
    """Return a device that the cloud lists."""
    return ListedDevice(device_id=device_id, udf1=udf1, space_id=space_id)


def meter(*device_ids: str, udf1: str | None = ROOM, space_id: int = 1) -> KnownMeter:
    """Return a meter that has had these devices; its key is the first."""
    return KnownMeter(key=device_ids[0], device_ids=device_ids, udf1=udf1, space_id=space_id)


def test_a_unique_udf1_whose_device_has_gone_is_a_replacement() -> None:
    """Also where other meters come, go and stay."""
    listed = [device("NEW"), device("B", "Room-102"), device("C", None)]
    meters = [meter("OLD"), meter("B", udf1="Room-102"), meter("GONE", udf1="Room-103")]
    assert find_origins(["NEW", "C"], listed, meters) == {
        "NEW": Origin(replaces="OLD"),
        "C": Origin(candidates=("GONE",)),
    }


def test_a_replacement_is_found_in_another_space_too() -> None:
    """The udf1 says which place it is."""
    found = find_origins(["NEW"], [device("NEW", space_id=2)], [meter("OLD", space_id=1)])
    assert found == {"NEW": Origin(replaces="OLD")}


def test_several_are_replaced_at_once() -> None:
    """Each by its own udf1; a meter that has one device more than once is one meter."""
    listed = [device("X", "1"), device("Y", "2")]
    meters = [meter("A", udf1="1"), meter("B", "B2", "B2", udf1="2")]
    assert find_origins(["X", "Y"], listed, meters) == {
        "X": Origin(replaces="A"),
        "Y": Origin(replaces="B"),
    }


def test_a_device_that_is_still_listed_makes_it_unclear() -> None:
    """Two devices carry the udf1."""
    found = find_origins(["NEW"], [device("NEW"), device("OLD")], [meter("OLD")])
    assert found == {"NEW": Origin(candidates=("OLD",))}


def test_two_new_devices_with_one_udf1_are_unclear() -> None:
    """Either may be the one."""
    found = find_origins(["X", "Y"], [device("X"), device("Y")], [meter("OLD")])
    assert found == {"X": Origin(candidates=("OLD",)), "Y": Origin(candidates=("OLD",))}


def test_two_meters_that_had_the_udf1_are_unclear() -> None:
    """Either may have been replaced."""
    found = find_origins(["NEW"], [device("NEW")], [meter("A"), meter("B")])
    assert found == {"NEW": Origin(candidates=("A", "B"))}


def test_a_udf1_that_moved_on_names_its_meter_no_more() -> None:
    """What a listed device carries now counts, and not what it was last seen with."""
    listed = [device("NEW"), device("B", "Room-102")]
    found = find_origins(["NEW"], listed, [meter("OLD"), meter("B")])
    assert found == {"NEW": Origin(replaces="OLD")}


def test_without_a_udf1_those_missing_in_the_same_space_are_candidates() -> None:
    """Those of other spaces are not, and none that is listed is."""
    listed = [device("NEW", None), device("HERE", None)]
    meters = [
        meter("HERE", udf1=None),
        meter("GONE", udf1=None),
        meter("ALSO", udf1="Room-9"),
        meter("FAR", udf1=None, space_id=2),
    ]
    assert find_origins(["NEW"], listed, meters) == {"NEW": Origin(candidates=("GONE", "ALSO"))}


def test_a_udf1_that_nobody_had_is_as_none() -> None:
    """The owner may have written another one on the new device."""
    found = find_origins(["NEW"], [device("NEW", "Room-7")], [meter("GONE")])
    assert found == {"NEW": Origin(candidates=("GONE",))}


def test_a_device_that_comes_back_may_be_that_of_its_old_meter() -> None:
    """The meter has another one by now, which is listed as well."""
    listed = [device("OLD", None), device("NEW")]
    found = find_origins(["OLD"], listed, [meter("OLD", "NEW")])
    assert found == {"OLD": Origin(candidates=("OLD",))}


def test_a_device_that_comes_back_in_the_place_of_its_successor_is_certain() -> None:
    """The owner put the old one back, and its successor is gone."""
    found = find_origins(["OLD"], [device("OLD")], [meter("OLD", "NEW")])
    assert found == {"OLD": Origin(replaces="OLD")}


def test_who_was_replaced_for_certain_is_no_candidate_for_another() -> None:
    """A second new device of the same space is new."""
    listed = [device("NEW"), device("SECOND", None)]
    found = find_origins(["NEW", "SECOND"], listed, [meter("OLD")])
    assert found == {"NEW": Origin(replaces="OLD"), "SECOND": Origin()}


def test_a_meter_that_is_in_question_itself_is_no_candidate() -> None:
    """Nor does its udf1 make another meter's unclear, beyond its device that carries it."""
    listed = [device("ASKED"), device("NEW", None)]
    meters = [meter("OLD"), meter("ASKED")]
    assert find_origins(["ASKED"], listed, meters) == {"ASKED": Origin(replaces="OLD")}


def test_a_list_that_is_not_whole_makes_nothing_certain() -> None:
    """The old device may be in the part that is not there, and so may those of its own space."""
    listed = [device("NEW"), device("SECOND", None)]
    assert find_origins(["NEW", "SECOND"], listed, [meter("OLD")], incomplete_spaces=[1]) == {
        "NEW": Origin(candidates=("OLD",)),
        "SECOND": Origin(),
    }


def test_in_an_account_that_is_new_all_are_new() -> None:
    """Also those that share a udf1."""
    listed = [device("A"), device("B"), device("C", None)]
    assert set(find_origins(["A", "B", "C"], listed, []).values()) == {Origin()}


IDS = st.sampled_from(["A", "B", "C", "D", "E", "F"])
UDFS = st.sampled_from([None, "1", "2", "3"])
SPACES = st.integers(1, 2)
LISTED = st.dictionaries(IDS, st.tuples(UDFS, SPACES), min_size=1).map(
    lambda listed: [device(id_, udf1, space) for id_, (udf1, space) in listed.items()]
)
METERS = st.dictionaries(IDS, st.tuples(IDS, UDFS, SPACES)).map(
    lambda meters: [
        KnownMeter(key=key, device_ids=(key, last), udf1=udf1, space_id=space)
        for key, (last, udf1, space) in meters.items()
    ]
)


@given(LISTED, METERS)
def test_nobody_gets_two_devices_and_nobody_loses_one(
    listed: list[ListedDevice], meters: list[KnownMeter]
) -> None:
    """Whatever is listed and known: only a missing meter is replaced, once, by its own udf1."""
    has_device = {each.device_ids[-1] for each in meters}
    new = [each.device_id for each in listed if each.device_id not in has_device]
    found = find_origins(new, listed, meters)
    assert set(found) == set(new)
    by_key = {each.key: each for each in meters}
    by_id = {each.device_id: each for each in listed}
    replaced = [origin.replaces for origin in found.values() if origin.replaces]
    assert len(replaced) == len(set(replaced))
    for device_id, origin in found.items():
        assert not set(origin.candidates) & set(replaced)
        if origin.replaces is not None:
            assert by_key[origin.replaces].udf1 == by_id[device_id].udf1 is not None
            assert by_key[origin.replaces].device_ids[-1] not in by_id
