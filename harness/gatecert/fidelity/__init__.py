"""How close the simulated client is to the real one, as a number."""
