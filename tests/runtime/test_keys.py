"""Keyed hashes by which people are found."""

import hmac

from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from speechai_site.runtime import keys


@given(st.text(min_size=1, max_size=150), st.text(max_size=40), st.text(max_size=200))
def test_a_key_is_the_hmac_of_its_kind_and_text(secret, kind, text):
    told = hmac.new(secret.encode(), f"{kind}|{text}".encode(), "sha256").hexdigest()
    with override_settings(LOOKUP_KEY=secret):
        assert keys.lookup_key(kind, text) == told
