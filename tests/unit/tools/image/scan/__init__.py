"""What package sources say of images, shown to those who ask them."""
