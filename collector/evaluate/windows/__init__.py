"""A monitor's window to snapshots: what a worker computes, and the processes or machines that compute it."""
