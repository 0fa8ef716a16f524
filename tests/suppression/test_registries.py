"""A public registry is loaded whole, in place of its last load."""

import pytest
from django.core.management import CommandError, call_command

from calls import registries
from calls.blocks import Blocks
from calls.models import DoNotCall, RegistrySnapshot
from calls.registries import RegistryError, load, loaded_at
from speechai_site.runtime import clock, keys, leases

NAME = "cl_no_molestar"
A, B = "+56987654321", "+56976543210"
pytestmark = pytest.mark.django_db


def listed() -> set[str]:
    return set(DoNotCall.objects.values_list("key", flat=True))


def test_a_load_takes_the_place_of_the_last_one() -> None:
    assert loaded_at(NAME) is None
    load(NAME, ["telefono", "987654321", "987654321", ""], by="command")
    second = load(NAME, ["+56 9 7654 3210"], by="command")
    assert listed() == {keys.phone_key(B)}
    assert (second.count, loaded_at(NAME)) == (1, second.loaded_at)


def test_what_is_no_list_of_phones_leaves_the_last_load() -> None:
    load(NAME, ["987654321"], by="command")
    for lines in ([], ["a"], ["a", "b", "987654321"]):
        with pytest.raises(RegistryError):
            load(NAME, lines, by="command")
    assert listed() == {keys.phone_key(A)}
    assert RegistrySnapshot.objects.count() == 1


def test_what_a_killed_load_left_goes_with_the_next() -> None:
    killed = RegistrySnapshot.objects.create(registry=NAME, country="CL")
    DoNotCall.objects.create(
        kind="phone", key="left", registry=NAME, source=f"registry:{killed.pk}"
    )
    load(NAME, ["987654321"], by="command")
    assert listed() == {keys.phone_key(A)}


def test_two_loads_at_once_are_one() -> None:
    assert leases.take(f"registry:{NAME}", "another", 60)
    with pytest.raises(RegistryError) as caught:
        load(NAME, ["987654321"], by="command")
    assert caught.value.code == "being_loaded"


@pytest.mark.parametrize(
    ("use_case", "code"),
    [
        ("marketing", "public_registry"),
        ("debt_collection", ""),
        ("", "public_registry"),
    ],
)
def test_a_registry_binds_the_use_cases_that_it_is_for(
    use_case: str, code: str
) -> None:
    load(NAME, ["987654321"], by="command")
    phones = [{"e164": A, "state": "ok"}]
    job = {
        "account_id": None,
        "person_key": "p",
        "phone_keys": [keys.phone_key(A)],
        "phones": phones,
    }
    assert Blocks([job], clock.now()).phone(job, A, use_case) == code


def test_the_command_says_how_many(tmp_path, capsys) -> None:
    file = tmp_path / "lista.txt"
    file.write_text("987654321\n")
    call_command("load_registry", str(file), "--registry", NAME)
    assert "1" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("load_registry", str(tmp_path / "none"), "--registry", NAME)
    assert registries.newest(NAME).file_name == "lista.txt"
