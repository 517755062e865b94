from . import benchmarks as benchmarks
from . import cli as cli
from . import compress as compress
from . import core as core
from . import datasets as datasets
from . import exercises as exercises
from . import experiments as experiments
from . import explain as explain
from . import faces as faces
from . import fairness as fairness
from . import inference as inference
from . import live as live
from . import metrics as metrics
from . import models as models
from . import plotting as plotting
from . import reporting as reporting
from . import splits as splits
from . import studies as studies
from . import studio as studio
from . import synthetic as synthetic
from . import training as training
from . import widgets as widgets
from .core.errors import FerError as FerError
from .inference import predict as predict

__version__: str
