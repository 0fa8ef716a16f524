"""Take the screenshots of README and manual from the running program.

    .venv/bin/python -m docs.screenshots

On a throw-away database, with invented people, inside the law's hours, with business
time at 600 times the wall clock: it waits for the campaign's second day, some four
minutes. Needs Chromium. Overwrites docs/images/.
"""

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from playwright.sync_api import Page, sync_playwright
from pymongo import MongoClient
from pymongo.errors import PyMongoError

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
SIZE = {"width": 1280, "height": 800}
ENV = {
    "SANDBOX_CLOCK_RATE": "600",
    "SANDBOX_POLICY": "law",
    "LANGUAGE_CODE": "es",
    "POLL_AFTER": "3",
    "ANALYSIS_GRACE": "15",
    "RETELL_API_KEY": "",
    "RETELL_BASE_URL": "",
    "MONGODB_URI": "",
}
# Calls last for seconds, so that some are on the line when the pages are shown.
SIMULATOR = ("--seed", "7", "--concurrency", "20", "--speed", "30")
# The pages are shown when so many cases are closed: there is something of everything.
CLOSED_SHARE = 0.33
ON_THE_LINE = 5
TIMEOUT_SECONDS = 900
LIVE = ["registered", "ongoing"]
FINAL = ["done", "exhausted", "review", "denied"]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="speechai-screenshots-") as folder:
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "speechai_site.settings")
        django.setup()
        from speechai_site.management.commands.up import interrupt_on_signals
        from speechai_site.runtime.processes import whole_program

        interrupt_on_signals()
        program = whole_program(
            Path(folder),
            env=ENV,
            throw_away=True,
            web_port=None,
            simulator_port=None,
            simulator_options=SIMULATOR,
        )
        try:
            program.start()
            large, small, fresh = _workbooks(Path(folder))
            batch = _import(program, large, "Cartera norte")
            _import(program, small, "Cartera sur")
            database = MongoClient(program.env["MONGODB_URI"])[settings.MONGODB_NAME]
            program.wait(_enough(database), TIMEOUT_SECONDS)
            _take(program, batch, database, fresh)
        finally:
            program.stop()


def _workbooks(folder: Path) -> list[Path]:
    from samples.make_samples import write_collections_workbook

    paths = []
    for name, rows, seed in (("norte", 1000, 3), ("sur", 200, 4), ("centro", 300, 5)):
        paths.append(folder / f"cartera-{name}.xlsx")
        write_collections_workbook(paths[-1], rows=rows, seed=seed)
    return paths


def _import(program: Any, workbook: Path, name: str) -> str:
    answer = program.manage(
        *("import_batch", str(workbook), "--account", "demo"),
        *("--use-case", "debt_collection", "--name", name),
        *("--option", "limit_days=7", "--option", "max_days=20"),
        *("--start", "--json"),
    )
    return json.loads(answer)["batch"]


def _enough(database: Any) -> Callable[[], bool]:
    jobs, calls = database["batches_job"], database["calls_call"]

    def enough() -> bool:
        with suppress(PyMongoError):
            closed = jobs.count_documents({"status": {"$in": FINAL}})
            live = calls.count_documents({"status": {"$in": LIVE}})
            return (
                closed >= CLOSED_SHARE * jobs.count_documents({})
                and live >= ON_THE_LINE
            )
        return False

    return enough


def _take(program: Any, batch: str, database: Any, workbook: Path) -> None:
    IMAGES.mkdir(exist_ok=True)
    promise = {"disposition": "promesa_total", "attempt": {"$gte": 2}}
    call = database["calls_call"].find_one(promise) or database["calls_call"].find_one(
        {"disposition": {"$in": ["promesa_total", "promesa_parcial"]}}
    )
    password = json.loads(program.outputs["setup"])["password"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(
            base_url=program.published["web_url"],
            viewport=SIZE,
            locale="es-CL",
            timezone_id="America/Santiago",
        )
        page.goto("/admin/login/")
        page.fill("[name=username]", "admin")
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_url("**/admin/")
        _shoot(page, "/admin/", "inicio")
        _shoot(page, f"/admin/batches/batch/{batch}/change/", "campana")
        _shoot(page, f"/admin/batches/job/{call['job_id']}/change/", "caso")
        _shoot(page, f"/admin/calls/call/{call['_id']}/change/", "llamada")
        page.goto("/admin/batches/upload/add/")
        page.set_input_files("[name=file]", str(workbook))
        page.select_option("[name=account]", index=1)
        page.locator("form:has([name=file]) [type=submit]").last.click()
        for step in ("sheet", "columns"):
            page.wait_for_url(f"**/{step}/**")
            page.locator("[name=act][value=next]").click()
        page.wait_for_url("**/preview/**")
        _shoot(page, page.url, "planilla")
        browser.close()


def _shoot(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main()
