"""One outside service each. The only place that speaks HTTP."""
