"""Tables and repositories. The only place that speaks SQL."""
