"""The words of the upload pages: what questions are answered with, figures, warnings."""

from typing import Any

from django.utils.translation import gettext_lazy as _

# The values of each field of Answers that a question is answered with.
CHOICES: dict[str, dict[str, Any]] = {
    "amounts": {",": _("comma: 1.234,56"), ".": _("point: 1,234.56")},
    "unit": {
        "1": _("units"),
        "1000": _("thousands"),
        "1000000": _("millions"),
    },
    "dates": {"dm": _("the day first"), "md": _("the month first")},
    "real_dates": {
        "swapped": _("swapped: put them right"),
        "right": _("right as they are"),
    },
    "phones": {"mobile": _("mobiles"), "landline": _("landlines")},
    "documents": {"without_digit": _("yes: the check digit is added")},
    "hidden_rows": {"keep": _("read all rows"), "skip": _("only the visible ones")},
}
UNDECIDED = _("not decided: what depends on it is reported row by row")
HIDDEN_UNDECIDED = _("not decided: they are read too")
