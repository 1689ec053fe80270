"""What the back end needs to know of each operator, derived as the reference kernels derive it."""
