"""Making a trained network smaller, and proving that it is still the same network.

``prune`` and ``MagnitudePruning`` set small weights to zero, or take whole filters
away, ``export`` writes a file for another engine (LiteRT, onnxruntime, OpenVINO),
quantised or not, and checks it against Keras before it is believed, ``load`` runs
it, ``compare`` puts several in one table, ``sparse_and_fast`` measures what zeros
bring and what they do not.

Importing this package imports no Keras; using it does.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
