"""Whether visits were made as written: calls drawn at random (抽查), and marks on visits that look copied."""
