"""A Report for people and for programs: one module per format, all of them pure: a value in, text out."""
