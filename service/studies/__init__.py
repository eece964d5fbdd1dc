"""Questions that need several simulations; what simulates is handed to them."""
