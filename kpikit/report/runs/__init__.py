"""Many reports as one run: plan, record, resume, lock, index."""
