"""Is everything there that a job needs, and what to do about what is not: one small function for each part.

`examine` runs all checks. The command line, an HTTP API and pages show what they found.
"""

from mainspring.client.checks.examination import examine
from mainspring.client.checks.findings import Finding

__all__ = ["Finding", "examine"]
