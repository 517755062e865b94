"""What every subpackage uses: errors, files, tables, labels, worker processes, timing, versions.

Imports nothing of the package outside this subpackage."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
