"""What a widget is where no script runs."""

from __future__ import annotations


class StaticPicture:
    """Adds ``picture_html()`` to what a widget displays; stands before ``anywidget.AnyWidget`` among the bases."""

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "text/html": self.picture_html()}, metadata
