"""The command `slipway`: mounts the command lines of the parts, and is nothing else."""
