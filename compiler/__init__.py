"""The compiler: from a quantised .tflite model to a command stream and its weights."""
