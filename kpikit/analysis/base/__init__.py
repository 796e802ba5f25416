"""What every question shares: the wrapper, suppression, certainty, and how deals and days are counted."""
