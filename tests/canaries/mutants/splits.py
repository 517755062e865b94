"""Edits of the splits."""

MUTANTS: dict[str, list[tuple[str, str, str]]] = {"splits": []}
