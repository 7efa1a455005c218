"""Does a model fit its hardware? A proof with every term, from the geometry alone: before a pod exists, and offline."""
