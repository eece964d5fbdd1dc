"""From a specification to its statistics: plan → compile → forward → backward → measure → judge."""
