"""figures/looks."""
