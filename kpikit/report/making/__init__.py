"""How one notebook becomes a report: where it runs, what draws its charts, what a failure leaves."""
