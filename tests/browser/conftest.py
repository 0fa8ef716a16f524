"""A real browser on the running pages; SCREENSHOTS=FOLDER keeps what it sees."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from batches.imports import background

CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1280, "height": 800}


@pytest.fixture(autouse=True)
def _a_worker_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued of an import is done before the request goes on."""
    monkeypatch.setattr(
        background, "async_task", lambda _task, pk, **_options: background.run(pk)
    )


@pytest.fixture
def page(live_server, monkeypatch) -> Iterator[Page]:
    # Playwright's loop runs in this thread, where the test also asks the database
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(base_url=live_server.url, viewport=SIZE, locale="es-CL")
        yield page
        browser.close()


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    folder = os.environ.get("SCREENSHOTS")

    def shoot(page: Page, name: str) -> None:
        if folder:
            path = Path(folder) / f"{name}.png"
            page.screenshot(path=path, full_page=True)

    return shoot
