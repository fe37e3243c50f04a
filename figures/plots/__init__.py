"""figures/plots."""
