"""The database engine; see `base.py`.

MongoDB's backend tries GeoDjango at import, which looks for GDAL under a dozen
names by starting a linker for each: half a second of every process's start. Nothing
here is geographic, so nothing is found.
"""

import ctypes.util

_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None
try:
    import django_mongodb_backend.base  # noqa: F401 for what it imports
finally:
    ctypes.util.find_library = _find_library
