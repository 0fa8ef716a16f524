"""Every address answers "who may?": a stranger is sent away or is meant to come."""

import re
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

# What a stranger may see, and why.
OPEN = {
    "/": "sends to the sign-in page",
    "/admin/login/": "signing in",
    "/admin/logout/": "signing out changes nothing for a stranger",
    "/api/v1/": "nothing is there",
    "/api/v1/docs": "describes the API, holds no data",
    "/api/v1/openapi.json": "describes the API, holds no data",
    "/healthz": "load balancers have no key; holds no data",
    "/readyz": "load balancers have no key; holds no data",
}
SENT_AWAY = {401, 403, 405}
# What stands for a part of an address that is open; the rest is tried with "1".
SAMPLES = {"app_label": "batches"}


def addresses(
    patterns: list[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[str]:
    """An example address of every view, depth first."""
    for pattern in patterns:
        address = prefix + example(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


def example(pattern: RoutePattern | RegexPattern) -> str:
    if isinstance(pattern, RoutePattern):
        return re.sub(r"<(?:\w+:)?(\w+)>", _sample, str(pattern))
    text, _names = normalize(pattern.regex.pattern)[0]
    return re.sub(r"%\((\w+)\)s", _sample, text)


def _sample(match: re.Match[str]) -> str:
    return SAMPLES.get(match[1], "1")


ADDRESSES = sorted(set(addresses(get_resolver().url_patterns)))


def test_strangers_are_sent_away(db: None) -> None:
    client = Client()
    answers = {
        f"{method.__name__} {address}": method(address)
        for address in ADDRESSES
        if address not in OPEN
        for method in (client.get, client.post)
    }
    admitted = [
        f"{request}: {response.status_code}"
        for request, response in answers.items()
        if not (response.status_code in SENT_AWAY or to_login(response))
    ]
    assert admitted == []


def to_login(response: HttpResponse) -> bool:
    return response.status_code == 302 and "/login" in response["Location"]


def test_open_addresses_exist() -> None:
    assert set(OPEN) <= set(ADDRESSES)


def test_the_walk_finds_admin_and_api() -> None:
    assert "/admin/batches/batch/1/change/" in ADDRESSES
    assert "/api/v1/jobs/1" in ADDRESSES
    assert len(ADDRESSES) > 50


def test_root_sends_to_the_sign_in_page(client: Client) -> None:
    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/admin/login")


def test_static_files_are_not_views() -> None:
    assert not any(a.startswith(f"/{settings.STATIC_URL}") for a in ADDRESSES)
