"""What deserves talk and why: the agenda, its rules, criteria, choices and memory."""
