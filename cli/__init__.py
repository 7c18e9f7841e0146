"""The command line `mainspring`: one module for each group of commands."""
