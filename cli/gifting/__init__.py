"""The commands of gifting, a file for each thing that they are about."""
