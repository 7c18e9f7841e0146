"""The package: each link beside this file leads to what has its name at the top of the project."""
