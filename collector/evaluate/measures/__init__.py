"""What several metrics measure alike: computed once for all of them, by those that stand above."""
