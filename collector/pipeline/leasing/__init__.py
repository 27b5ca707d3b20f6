"""How any item of a queue is done: leased, renewed while it is worked on, then acked, tried again or set aside."""
