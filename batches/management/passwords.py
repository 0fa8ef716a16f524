"""The password of a workbook that a command reads: never one of its arguments, which
other people on the machine can see."""

import os
import sys
from getpass import getpass

from django.utils.translation import gettext as _

from batches.imports.problems import PasswordNeeded
from batches.imports.sniffer import Source, unpacked

NAME = "WORKBOOK_PASSWORD"


def opened(source: Source) -> Source:
    """A file that is packed or encrypted as the table in it, any other as it is. Its
    password is that of the environment, or asked for at a terminal.

    Raises PasswordNeeded without the right one, WorkbookError.
    """
    given = os.environ.get(NAME, "")
    try:
        return unpacked(source, given)
    except PasswordNeeded:
        if given or not sys.stdin.isatty():
            raise
    return unpacked(source, getpass(_("Password of the file: ")))
