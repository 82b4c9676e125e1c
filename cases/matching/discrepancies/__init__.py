"""疑点: found by declaration, verified by the township, decided by the county."""
