"""What theory predicts of a network, to stand beside what is measured."""
