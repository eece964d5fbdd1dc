"""From a specification to the smallest changes that mend it, each of them simulated."""
