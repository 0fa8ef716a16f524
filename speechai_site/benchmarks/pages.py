"""Pages of the admin and answers of the API over a million cases.

Each is asked through Django's test client after a real sign-in, in turn with a raw
read of the rows that it shows.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from batches.models import Account, Batch, Job, Membership
from calls.counters import call_figures
from calls.models import Call, CallDetail
from speechai_site import roles
from speechai_site.benchmarks import dataset
from speechai_site.benchmarks.measuring import Line, milliseconds, p95
from speechai_site.benchmarks.plans import waiting
from speechai_site.models import ApiKey
from speechai_site.runtime.documents import collection
from speechai_site.runtime.models import User

REQUESTS = 40
WARM = 5
JOBS = 1_000_000
LISTED = 50  # rows of a page, in the admin and the API
MEMBER_OF = 3  # accounts: the first ones, whose rows are far from a table's end
HOST = {"SERVER_NAME": "localhost"}
# Where each request goes, and the raw read of what it shows.
Asked = Iterator[tuple[str, Callable[[], Any]]]


@dataclass(frozen=True)
class Viewer:
    """Who asks: a person who is signed in, or a key. `accounts` None: sees all."""

    client: Client
    accounts: list[Any] | None = None

    @property
    def scope(self) -> dict[str, Any]:
        if self.accounts is None:
            return {}
        return {"account_id": {"$in": self.accounts}}

    def newest(self, model: Any) -> list[dict[str, Any]]:
        """The documents of a list's first page."""
        rows = collection(model).find(self.scope).sort("_id", -1).limit(LISTED)
        index = f"{model._meta.model_name}_account"
        return list(rows if self.accounts is None else rows.hint(index))


def admin_list(model: Any, viewer: Viewer) -> Asked:
    """The plain list of a table."""
    name = model._meta.label_lower.replace(".", "_")
    yield from cycle(
        [(reverse(f"admin:{name}_changelist"), partial(viewer.newest, model))]
    )


def batch_page(viewer: Viewer) -> Asked:
    """The pages of the five largest campaigns, in turn."""
    batches = collection(Batch)
    largest = batches.find({**viewer.scope, "status": "running"}).sort("rows", -1)
    yield from cycle(
        [
            (
                reverse("admin:batches_batch_change", args=[batch["_id"]]),
                partial(batches.find_one, {"_id": batch["_id"]}),
            )
            for batch in largest.limit(5)
        ]
    )


def home(viewer: Viewer) -> Asked:
    """The home page; nobody could show it without the day's figures."""
    start = dataset.NOW.astimezone(ZoneInfo("America/Santiago"))
    start = start.replace(hour=0, minute=0)
    day = {"planned_at": {"$gte": start, "$lt": start + timedelta(days=1)}}
    figures = partial(call_figures, {**viewer.scope, **day})
    yield from cycle([(reverse("admin:index"), figures)])


def api_list(viewer: Viewer) -> Asked:
    """Cases and calls, in turn."""
    yield from cycle(
        [
            (f"/api/v1/jobs?limit={LISTED}", partial(viewer.newest, Job)),
            (f"/api/v1/calls?limit={LISTED}", partial(viewer.newest, Call)),
        ]
    )


def api_detail(viewer: Viewer) -> Asked:
    """Calls and their cases, never the same twice."""
    some = collection(Call).find(viewer.scope, {"job_id": 1}, hint="call_account")
    for call in some.sort("_id", -1).limit(REQUESTS + WARM):
        of_job, of_call = {"_id": call["job_id"]}, {"_id": call["_id"]}
        yield (
            f"/api/v1/jobs/{call['job_id']}",
            partial(collection(Job).find_one, of_job),
        )
        yield (
            f"/api/v1/calls/{call['_id']}",
            partial(collection(CallDetail).find_one, of_call),
        )


@dataclass(frozen=True)
class Page:
    """What is asked, and the 95th percentile to reach (design, section 6)."""

    about: str
    asked: Callable[[Viewer], Asked]
    target_ms: float
    needs_key: bool = False


PAGES = {
    "admin_job_list_p95_ms": Page("the list of cases", partial(admin_list, Job), 300),
    "admin_call_list_p95_ms": Page("the list of calls", partial(admin_list, Call), 300),
    "admin_batch_page_p95_ms": Page("a campaign's page", batch_page, 300),
    "admin_home_p95_ms": Page("the home page", home, 500),
    "api_list_p95_ms": Page(
        "cases and calls of the API", api_list, 100, needs_key=True
    ),
    "api_detail_p95_ms": Page(
        "a case or call of the API", api_detail, 100, needs_key=True
    ),
}


def prepare(scale: float) -> None:
    dataset.ensure(waiting(int(JOBS * scale)))


def measure(name: str, scale: float) -> Iterator[Line]:
    """A line for a key; for people one as a superuser sees the page, and one as a
    member of several accounts does."""
    page = PAGES[name]
    accounts = list(Account.objects.filter(slug__startswith="bench").order_by("slug"))
    if page.needs_key:
        with _with_key(accounts[0]) as viewer:
            yield _line(name, page, viewer)
        return
    yield _line(name, page, _signed_in(None))
    member = _signed_in(accounts[:MEMBER_OF])
    yield _line(name.replace("_p95", "_member_p95"), page, member)


def _line(name: str, page: Page, viewer: Viewer) -> Line:
    asked = page.asked(viewer)
    pages, raws = [], []
    for _request in range(WARM + REQUESTS):
        url, raw = next(asked)
        pages.append(milliseconds(partial(_get, viewer.client, url)))
        raws.append(milliseconds(raw))
    return Line(
        name=name,
        value=p95(pages[WARM:]),
        unit="ms",
        target=page.target_ms,
        reference=p95(raws[WARM:]),
        reference_name="raw pymongo read of the same rows, p95",
        reference_unit="ms",
    )


def _get(client: Client, url: str) -> None:
    response = client.get(url)
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}")


def _signed_in(accounts: list[Account] | None) -> Viewer:
    """A superuser, or a supervisor who is a member of `accounts`, signed in."""
    username = "bench-root" if accounts is None else "bench-member"
    password = secrets.token_urlsafe(16)
    user, _made = User.objects.get_or_create(username=username)
    user.is_staff = True
    user.is_superuser = accounts is None
    user.set_password(password)
    user.save()
    for account in accounts or []:
        Membership.objects.get_or_create(user=user, account=account)
    if accounts is not None:
        user.groups.set([Group.objects.get(name=roles.SUPERVISOR)])
    client = Client(**HOST)
    told = {"username": username, "password": password}
    response = client.post(reverse("admin:login"), told)
    if response.status_code != 302:
        raise RuntimeError("nobody could sign in")
    return Viewer(client, accounts and [account.pk for account in accounts])


@contextmanager
def _with_key(account: Account) -> Iterator[Viewer]:
    key, text = ApiKey.issue(account, "bench", [ApiKey.Scope.READ])
    try:
        yield Viewer(Client(headers={"X-API-Key": text}, **HOST), [account.pk])
    finally:
        key.delete()
