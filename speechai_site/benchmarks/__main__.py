"""`python -m speechai_site.benchmarks prepare|measure NAME SCALE`: one figure, here.

Started by `runner`, which brings the database.
"""

import json
import sys

import django


def main(step: str, name: str, scale: str) -> None:
    django.setup()
    from speechai_site.benchmarks.registry import FIGURES

    if step == "prepare":
        FIGURES[name].prepare(float(scale))
        return
    for line in FIGURES[name].measure(float(scale)):
        sys.stdout.write(f"{json.dumps(line.as_json(), ensure_ascii=False)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
