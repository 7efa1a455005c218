"""`make gpu-check`: what only a machine with a GPU can prove, and what can be proven of the same files without one."""
