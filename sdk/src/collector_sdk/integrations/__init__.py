"""Ways to log without touching the model's code. Each needs nothing but what it wraps."""
