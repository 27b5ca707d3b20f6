"""What is done with an item: a window is evaluated, a snapshot delivered."""
