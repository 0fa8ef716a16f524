"""Who gets the free places."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.shares import Claim, Room, allot


def claim(batch: str, *scopes: tuple, **values: int) -> Claim:
    return Claim(batch, (("workspace", None), ("batch", batch), *scopes), **values)


def shared(places: int, *claims: Claim, room: Room | None = None) -> dict:
    room = room or Room()
    room.limit(("workspace", None), places)
    return allot(room, claims, Random(1))


def test_a_campaign_of_ten_is_served_beside_one_of_100_000() -> None:
    given = shared(20, claim("giant", wants=100_000), claim("small", wants=10))
    assert given == {"giant": 10, "small": 10}


def test_one_free_place_goes_to_who_has_least() -> None:
    assert shared(1, claim("giant", open=19), claim("small")) == {"small": 1}


def test_what_one_cannot_use_the_others_get() -> None:
    given = shared(20, claim("giant"), claim("small", wants=3))
    assert given == {"giant": 17, "small": 3}


def test_an_urgent_campaign_gets_four_times_as_much() -> None:
    given = shared(100, claim("normal"), claim("urgent", weight=4))
    assert given == {"normal": 20, "urgent": 80}


def test_a_campaigns_own_limit_leaves_the_rest_to_others() -> None:
    room = Room()
    room.limit(("batch", "narrow"), 2)
    given = shared(10, claim("narrow"), claim("wide"), room=room)
    assert given == {"narrow": 2, "wide": 8}


def test_two_campaigns_share_the_limit_of_their_account() -> None:
    room = Room()
    account = ("account", "one")
    room.limit(account, 6)
    given = shared(50, claim("a", account), claim("b", account), room=room)
    assert given == {"a": 3, "b": 3}


def test_nobody_calls_when_the_workspace_is_over_its_limit() -> None:
    assert shared(-3, claim("a"), claim("b")) == {}


def test_equals_take_turns() -> None:
    served = {
        next(
            iter(
                allot(
                    Room({("workspace", None): 1}),
                    [claim("a"), claim("b"), claim("c")],
                    Random(seed),
                )
            )
        )
        for seed in range(50)
    }
    assert served == {"a", "b", "c"}


@pytest.mark.parametrize("limits", [(3, 5), (5, 3)])
def test_the_lowest_limit_of_a_scope_counts(limits: tuple[int, int]) -> None:
    room = Room()
    for calls in limits:
        room.limit(("account", 1), calls)
    assert room.left == {("account", 1): 3}


@given(
    st.integers(0, 60),
    st.dictionaries(st.sampled_from("xyz"), st.integers(0, 20)),
    st.lists(
        st.tuples(
            st.sampled_from("xyz"),
            st.integers(0, 30),
            st.integers(1, 4),
            st.integers(0, 40),
        ),
        max_size=12,
    ),
)
def test_no_scope_gets_more_than_it_has_and_no_place_is_wasted(
    places: int, accounts: dict[str, int], wanted: list[tuple]
) -> None:
    room = Room({("workspace", None): places})
    for account, limit in accounts.items():
        room.limit(("account", account), limit)
    claims = [
        claim(str(n), ("account", account), open=open_, weight=weight, wants=wants)
        for n, (account, open_, weight, wants) in enumerate(wanted)
    ]

    got = allot(room, claims, Random(1))

    assert all(left >= 0 for left in room.left.values())
    assert all(got.get(c.batch, 0) == c.wants or room.full(c.scopes) for c in claims)
