"""Our signature and the official SDK's, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retell.lib.webhook_auth import symmetric

from calls.retell.signature import TOLERANCE_MS, sign, verify
from calls.simulator.signature import signature_header

KEY = "key_test"
NOW = 1_795_353_692_418
BODY = '{"event":"call_ended","call":{"transcript":"¿Aló? Ñuñoa 🙂"}}'.encode()


@given(st.text(), st.integers(min_value=0, max_value=10**14))
def test_all_three_signers_agree(text: str, ms: int) -> None:
    body = text.encode(errors="ignore")
    official = symmetric["sign"](body.decode(), KEY, ms)
    assert sign(body, KEY, ms) == official
    assert signature_header(body, KEY, ms) == official


def test_sdk_accepts_our_signature() -> None:
    assert symmetric["verify"](
        BODY.decode(), KEY, sign(BODY, KEY, NOW), {"timestamp": NOW}
    )


def test_we_accept_the_sdks_signature() -> None:
    assert verify(BODY, KEY, symmetric["sign"](BODY.decode(), KEY, NOW), NOW)


@pytest.mark.parametrize("skew", [-299_000, 299_000, -TOLERANCE_MS, TOLERANCE_MS])
def test_five_minutes_are_tolerated_both_ways(skew: int) -> None:
    header = sign(BODY, KEY, NOW)
    assert verify(BODY, KEY, header, NOW + skew)
    assert symmetric["verify"](BODY.decode(), KEY, header, {"timestamp": NOW + skew})


@pytest.mark.parametrize("skew", [-TOLERANCE_MS - 1, TOLERANCE_MS + 1])
def test_more_than_five_minutes_are_not(skew: int) -> None:
    header = sign(BODY, KEY, NOW)
    assert not verify(BODY, KEY, header, NOW + skew)
    assert not symmetric["verify"](
        BODY.decode(), KEY, header, {"timestamp": NOW + skew}
    )


GOOD = sign(BODY, KEY, NOW)
DIGEST = GOOD.split("d=")[1]


@pytest.mark.parametrize(
    "header",
    [
        GOOD.replace(DIGEST, DIGEST.upper()),
        GOOD + " ",
        " " + GOOD,
        GOOD + "\n",
        f"d={DIGEST},v={NOW}",
        f"v={NOW},d={DIGEST[:-1]}",
        f"v={NOW + 1},d={DIGEST}",
        f"v=-{NOW},d={DIGEST}",
        f"v={'9' * 5000},d={DIGEST}",
        f"v=١٢,d={DIGEST}",
        "",
    ],
)
def test_any_other_form_is_refused(header: str) -> None:
    assert not verify(BODY, KEY, header, NOW)


@pytest.mark.parametrize("header", [None, b"v=1,d=2", 5])
def test_a_missing_header_is_refused_without_raising(header: object) -> None:
    assert not verify(BODY, KEY, header, NOW)


def test_a_changed_body_is_refused() -> None:
    assert not verify(BODY + b" ", KEY, GOOD, NOW)


def test_another_key_is_refused() -> None:
    assert not verify(BODY, "key_other", GOOD, NOW)


def test_any_of_several_keys_will_do() -> None:
    assert verify(BODY, ["key_other", KEY], GOOD, NOW)


@pytest.mark.parametrize("keys", ["", [], [""]])
def test_an_empty_key_signs_nothing(keys: str | list[str]) -> None:
    assert not verify(BODY, keys, sign(BODY, "", NOW), NOW)


def test_bytes_that_are_no_text_do_not_raise() -> None:
    assert verify(b"\xff\xfe", KEY, sign(b"\xff\xfe", KEY, NOW), NOW)
