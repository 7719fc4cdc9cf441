"""The numbers of the page on your own images, computed again."""

from aelib import data

image = data.fashion_mnist().test.images[0]

# the first picture, and its form
says("each of 28 by 28 pixels", *image.shape[-2:])
says("with 784 grey values an image", image.numel())
