"""Stage 1: HTTP in. Routes, decoders (one file per encoding), judgement row by row, keys, problem answers."""
