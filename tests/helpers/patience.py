"""How long a test waits for what must come: never a measure of speed, only the end of what hangs."""

#: Seconds.  A machine that others use too may be ten times as slow as an idle one; what takes longer than this hangs.
PATIENCE = 600
