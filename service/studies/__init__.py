"""Questions that need several simulations; what simulates is an argument."""
