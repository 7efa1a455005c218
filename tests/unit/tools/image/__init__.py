"""The judges of images, shown images that were made for it."""
