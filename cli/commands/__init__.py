"""The commands: a module here is one, by a function of the module's name, or a group of them, by `commands`.

The first line of a module is what the list of commands says of it. The list reads that line alone; the
module is imported when its command is named.
"""
