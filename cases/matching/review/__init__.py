"""A person decides about pairs: sentences, differences, second person, memory, rules that learn."""
