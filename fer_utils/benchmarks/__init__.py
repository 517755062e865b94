"""How fast drawing, face detection, training and live frames are on this machine, as ratios.

``python -m fer_utils bench`` runs them; nothing else of the package imports this subpackage.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
