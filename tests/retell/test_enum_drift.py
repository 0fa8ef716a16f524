"""The alarm that rings when the SDK learns a status or reason that we don't know."""

from typing import Any, Literal, get_args, get_origin

import pytest
from retell.types import PhoneCallResponse

from calls.reasons import OUTCOMES
from calls.states import CallStatus


def literals(annotation: Any) -> set[str]:
    """The values of the Literals inside an annotation."""
    if get_origin(annotation) is Literal:
        return set(get_args(annotation))
    return set().union(*(literals(part) for part in get_args(annotation)))


REASONS = literals(PhoneCallResponse.model_fields["disconnection_reason"].annotation)
STATUSES = literals(PhoneCallResponse.model_fields["call_status"].annotation)


def test_the_sdk_was_understood() -> None:
    assert len(REASONS) >= 39
    assert len(STATUSES) >= 5


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_each_reason_of_the_sdk_has_an_outcome(reason: str) -> None:
    assert reason in OUTCOMES


@pytest.mark.parametrize("status", sorted(STATUSES))
def test_each_status_of_the_sdk_is_a_status_of_ours(status: str) -> None:
    assert status in CallStatus.values
