"""What stands on the screen, as pure functions of a view, the local state and a size."""
