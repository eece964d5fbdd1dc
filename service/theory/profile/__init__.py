"""An activation → all that is known of it before any network has it."""
