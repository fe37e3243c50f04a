"""figures/paper."""
