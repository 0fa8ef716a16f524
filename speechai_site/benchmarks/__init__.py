"""`manage.py bench`: the program's figures, each beside a reference of the same run.

`registry.FIGURES` names them; each runs in processes of its own (`runner`).
"""
