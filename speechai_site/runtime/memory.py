"""Garbage collection of processes that live long and make many small objects."""

import gc

# Young objects between two collections. The default of 700 means thousands of
# collections a minute; what we make is almost all freed by its reference count.
YOUNG_OBJECTS = 50_000


def settle() -> None:
    """Call once a process is loaded: code and models are never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)
