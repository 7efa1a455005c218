"""The model server: HTTP -> supervisor -> worker -> engine -> tokens."""
