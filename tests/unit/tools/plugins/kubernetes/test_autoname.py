"""Names for objects that have none."""

import pytest

from tools.plugins.kubernetes.annotations import AUTONAMED
from tools.plugins.kubernetes.autoname import Naming, with_name
from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.values import UNKNOWN, Object

NAMING = Naming(resource_name="web", seed=b"seed")


def name_and_mark(obj: Object) -> tuple[object, object]:
    """What was set."""
    metadata = obj["metadata"]
    return metadata.get("name"), metadata.get("annotations", {}).get(AUTONAMED)


def test_a_new_object_gets_the_resource_name_and_eight_digits() -> None:
    """The same from the same seed, so that a preview and its update agree."""
    name, mark = name_and_mark(with_name({}, {}, NAMING))
    assert isinstance(name, str)
    assert name.startswith("web-")
    assert len(name) == len("web-") + 8
    assert mark == "true"
    assert name_and_mark(with_name({}, {}, NAMING))[0] == name
    assert name_and_mark(with_name({}, {}, Naming("web", b"other")))[0] != name


def test_a_name_of_the_program_is_kept_also_when_it_is_not_known_yet() -> None:
    """And not marked."""
    assert name_and_mark(with_name({"metadata": {"name": "mine"}}, {}, NAMING)) == ("mine", None)
    assert name_and_mark(with_name({"metadata": {"name": UNKNOWN}}, {}, NAMING)) == (UNKNOWN, None)


def test_a_made_up_name_stays_for_the_life_of_the_resource() -> None:
    """Other annotations stay, too."""
    old = {"metadata": {"name": "web-12345678", "annotations": {AUTONAMED: "true"}}}
    new = with_name({"metadata": {"annotations": {"a": "b"}}}, old, NAMING)
    assert new["metadata"] == {"name": "web-12345678", "annotations": {"a": "b", AUTONAMED: "true"}}


def test_a_name_that_the_program_takes_away_is_not_replaced_by_a_made_up_one() -> None:
    """The API server then says that it wants one."""
    assert name_and_mark(with_name({"metadata": {}}, {"metadata": {"name": "mine"}}, NAMING)) == (None, None)


def test_the_projects_own_autonaming_wins() -> None:
    """Or forbids it."""
    assert name_and_mark(with_name({}, {}, Naming("web", b"", proposed="dev-web")))[0] == "dev-web"
    with pytest.raises(InputError, match=r"metadata\.name must be set"):
        with_name({}, {}, Naming("web", b"", is_disabled=True))


def test_generated_names_are_refused() -> None:
    """Server-side apply needs a name."""
    with pytest.raises(InputError, match="generateName"):
        with_name({"metadata": {"generateName": "web-"}}, {}, NAMING)


def test_metadata_that_is_not_known_yet_stays() -> None:
    """There is nothing to write into."""
    assert with_name({"metadata": UNKNOWN}, {}, NAMING) == {"metadata": UNKNOWN}
    assert with_name({"metadata": {"annotations": UNKNOWN}}, {}, NAMING)["metadata"]["annotations"] is UNKNOWN
