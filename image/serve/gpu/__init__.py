"""GPUs, as the server sees them: whether there are any that this image can compute on, and why not.

The HTTP process never starts CUDA: that takes hundreds of megabytes and can't be undone, and a driver in trouble hangs.
A child looks (probe.py), says what it saw in one line of JSON, and ends. choice.py decides what that means.
"""
