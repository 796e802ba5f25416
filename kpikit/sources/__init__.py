"""What exports look like, and a guess at what somebody's own means."""
