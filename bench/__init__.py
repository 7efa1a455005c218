"""Benchmarks: each is a module that prints a table for people and, last, one line of JSON for programs."""
