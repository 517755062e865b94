from . import literature as literature
from . import model_cards as model_cards
from . import text as text
from .text import colophon as colophon
from .text import percent as percent
from .text import say as say
from .text import sentence as sentence
from .text import with_interval as with_interval
