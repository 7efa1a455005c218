"""Tests of several parts together, with the real llama.cpp and a tiny model."""
