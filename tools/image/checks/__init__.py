"""What an image must be. Each module asks one kind of question of an image that was read, and gives lines that say what
is wrong; none means that all is well. All of them are pure.
"""
