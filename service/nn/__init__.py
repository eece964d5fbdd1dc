"""What networks are made of: activations, initialisers, losses, data and layers, each kind one class in one file."""
