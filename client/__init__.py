"""Every way in: the Python API, the command line, and the settings behind them."""
