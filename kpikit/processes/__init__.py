"""Processes that work for another: how they end with it, what they may take, and who clears up behind them."""
