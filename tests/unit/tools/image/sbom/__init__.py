"""Bills of materials of images that were made for it."""
