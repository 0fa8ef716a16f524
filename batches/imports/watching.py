"""Who watches what takes long: told how far it is, and able to stop it."""

from typing import Any

from batches.imports.helpers import MOST


class Unwatched:
    """Nobody does. Each of these is called often, and may raise to stop the work.

    `children`: at most so many processes may help (`helpers.forked`).
    """

    children = MOST

    def rows(self, read: int, expected: int) -> None:
        """So many rows were read, of so many (0: not known)."""

    def cases(self, done: int, total: int) -> None:
        """Cases were compared, or looked for."""

    def writing(self, done: int, total: int) -> None:
        """Cases were written."""

    def beat(self) -> None:
        """It goes on, and that is all there is to tell."""

    def stored(self, upload_id: Any) -> None:
        """Called in the transaction that makes an upload count."""


UNWATCHED = Unwatched()
