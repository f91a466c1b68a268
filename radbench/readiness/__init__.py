"""What is ready on this machine, what is missing, and the mend; and whether weights are those that gave published outputs.

Nothing is loaded to find out what is there; `verifying` loads models, for that is its purpose.
"""

from __future__ import annotations

from radbench.readiness.everything import look_at, look_at_all
from radbench.readiness.finding import Finding, Machine

__all__ = ["Finding", "Machine", "look_at", "look_at_all"]
