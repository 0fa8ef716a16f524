"""Opens a file in LibreOffice, types into cells, and saves it: run by the system's
Python, which has `uno`. Arguments: the file, the file to be written, a JSON list of
[row below the header, column, text], and a password, if it is to have one."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import uno
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException

FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8", ".xls": "MS Excel 97"}
# As in Chile: what is typed is read by its rules, `1.234` as a thousand and so on.
LOCALE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale"
oor:op="fuse"><value>es-CL</value></prop></item>
</oor:items>
"""
START_SECONDS = 60


def named(name: str, value: object) -> PropertyValue:
    made = PropertyValue()
    made.Name, made.Value = name, value
    return made


def desktop_of(pipe: str):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            context = resolver.resolve(
                f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext"
            )
        except NoConnectException:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return context.ServiceManager.createInstanceWithContext(
                "com.sun.star.frame.Desktop", context
            )


def correct(desktop, source: Path, target: Path, typed: list, password: str) -> None:
    document = desktop.loadComponentFromURL(
        source.as_uri(), "_blank", 0, (named("Hidden", True),)
    )
    sheet = document.Sheets.getByIndex(0)
    for row, column, text in typed:
        sheet.getCellRangeByName(f"{column}{row + 1}").FormulaLocal = text
    chosen = [named("FilterName", FILTERS[target.suffix])]
    if password:
        chosen.append(named("Password", password))
    document.storeToURL(target.as_uri(), tuple(chosen))
    document.close(True)


def main() -> None:
    source, target, typed, password = sys.argv[1:]
    with tempfile.TemporaryDirectory() as profile:
        user = Path(profile) / "user"
        user.mkdir()
        (user / "registrymodifications.xcu").write_text(LOCALE, encoding="utf-8")
        pipe = f"speechai{Path(profile).name}"
        office = subprocess.Popen(
            [
                "soffice",
                "--headless",
                "--norestore",
                f"-env:UserInstallation=file://{profile}",
                f"--accept=pipe,name={pipe};urp;",
            ],
            start_new_session=True,  # it is a script that starts the program
        )
        try:
            desktop = desktop_of(pipe)
            paths = Path(source).resolve(), Path(target).resolve()
            correct(desktop, *paths, json.loads(typed), password)
            desktop.terminate()
            office.wait(START_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(office.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
