"""What every service process of ours is made of: its database, tasks, log lines and problem answers."""
