"""What is said of tasks: what they do, what they wait for, and why a start found another one."""
