"""What travels between places, and the pure rules that make it arrive exactly once."""
