"""Programs that the local stack needs, built once from pinned sources into a user cache."""
