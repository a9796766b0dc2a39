"""The proof that nothing is lost, nothing comes twice, and there is one order: by faults."""
