"""Networks that are only counted: their layers without numbers, which take longer to draw than the layers to build."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import keras


def layers_alone(build: Callable[..., keras.Model], *arguments, **options) -> keras.Model:
    """What ``build(*arguments, **options)`` returns, its weights with shapes and names and without values."""

    def built():
        with keras.StatelessScope(initialize_variables=False):
            return build(*arguments, **options)

    # Keras remembers, thread by thread, which weights have no values yet, and would draw them for the next network.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(built).result()
