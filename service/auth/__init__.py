"""Who may: passwords, tokens and the users behind them."""
