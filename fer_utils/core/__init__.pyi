from . import errors as errors
from . import labels as labels
from . import paths as paths
from . import processor as processor
from . import provenance as provenance
from . import tables as tables
from . import timing as timing
from . import worker_pool as worker_pool
