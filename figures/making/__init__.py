"""figures/making."""
