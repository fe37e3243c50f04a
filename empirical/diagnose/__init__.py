"""empirical/diagnose."""
