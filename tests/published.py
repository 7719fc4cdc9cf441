"""Figures that others published and lessons quote, each with the place it stands in."""

# Hinton and Salakhutdinov, Science 313 (2006): squared error a test digit of MNIST with
# codes of 30 numbers, in the text and in the caption of figure 2 B.
HINTON_2006 = {"deep autoencoder": 3.00, "logistic PCA": 8.01, "PCA": 13.87}
