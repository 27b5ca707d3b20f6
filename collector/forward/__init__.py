"""The fifth stage: a snapshot goes to one destination. Retries, leases and order are the pipeline's.

`build` makes a destination from its settings. Every adapter turns its library's errors into Transient (may work later)
or Permanent (never will) in one place, and delivering a snapshot again replaces what is there.
"""

from collector.forward.build import build

__all__ = ["build"]
