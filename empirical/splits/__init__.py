"""empirical/splits."""
