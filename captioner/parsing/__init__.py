"""Text of a model -> plain data: JSON that is nearly right, values of the wrong type. Pure."""
