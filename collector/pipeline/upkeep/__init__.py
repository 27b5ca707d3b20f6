"""What is done again and again: closing windows, sweeping and forgetting what nobody needs any more."""
