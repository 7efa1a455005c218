"""When an object is ready: one pure function per kind, by the official provider's rules.

A function sees the live object and what belongs to it, and gives a verdict. It asks nothing and knows no time;
`registry` says what it wants to see, and `wait` asks again until the verdict is final.
"""
