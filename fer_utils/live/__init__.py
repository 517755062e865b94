"""Real time: faces in a camera's or a video's pictures are found, followed, scored and drawn, frame by frame.

``run`` is the whole chain and returns a `Report`; ``Watcher`` is its middle, from
a frame to scored faces, for programs of one's own; ``Tracker`` follows faces,
``Smoother`` and ``smooth`` steady scores over time, ``drawn`` draws them, ``classifier`` opens a
network, trained or exported.  Importing this package loads neither OpenCV nor Keras.

Nothing is stored but what is asked for by name.  A label says which posed
expression of the training data a face resembles most; it says nothing about what anybody feels.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
