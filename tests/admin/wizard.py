"""Going through the upload pages as a browser would: each form sent as it is shown."""

from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

SAMPLE = Path(__file__).parents[2] / "samples" / "cobranza.xlsx"
CHOOSE = "admin:batches_upload_add"


def choose(client, account, content=None, name="cobranza.xlsx", **values):
    """Step 1."""
    content = SAMPLE.read_bytes() if content is None else content
    return client.post(
        reverse(CHOOSE),
        {
            "file": SimpleUploadedFile(name, content),
            "account": str(account.pk),
            "use_case": "debt_collection",
            **values,
        },
    )


def send_sheet(client, url, **values):
    """Step 2, with what is marked."""
    seen = client.get(url).context["seen"]
    said = {"sheet": seen.sheet, "header_row": seen.header_row, "act": "next"}
    return client.post(url, said | values)


def shown_columns(page) -> dict[str, Any]:
    """What the form of step 3 holds."""
    context = page.context
    said = {f"column_{c['place']}": c["chosen"] for c in context["headers"]}
    for one in context["filters"]:
        if one.get("test"):
            slot = one["slot"]
            said |= {f"filter_{slot}": one["place"], f"test_{slot}": one["test"]}
            said[f"value_{slot}"] = one["value"]
    for question in context["questions"]:
        if question["field"]:
            said[f"answer_{question['field']}"] = question["chosen"]
    said |= {f"fixed_{one['slot']}": one["text"] for one in context["fixed"]}
    said |= {f"option_{o.name}": value for o, value in context["options"]}
    said |= {f"duplicates_{f}": chosen for f, _l, _w, chosen in context["duplicates"]}
    return said | {"duplicates_days": context["days"]}


def send_columns(client, url, act="next", **values):
    """Step 3, with what is chosen but for `values`."""
    said = shown_columns(client.get(url))
    return client.post(url, said | {"act": act} | values)


def go_to_preview(client, account, content=None, columns=None, **values):
    """Steps 1 to 3; the response that leads to the last one."""
    response = choose(client, account, content, **values)
    while "/preview/" not in response.url:
        if "/again/" in response.url:
            response = client.post(response.url, {"act": "go_on"})
        elif "/sheet/" in response.url:
            response = send_sheet(client, response.url)
        else:
            response = send_columns(client, response.url, **(columns or {}))
    return response


def confirm(client, account, content=None, columns=None, act="create", **values):
    """All steps."""
    url = go_to_preview(client, account, content, columns, **values).url
    return client.post(url, {"act": act})


def columns_page(client, account, content):
    """The page of step 3 of a file, and its address."""
    response = choose(client, account, content)
    if "/sheet/" in response.url:
        response = send_sheet(client, response.url)
    return client.get(response.url), response.url
