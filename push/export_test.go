package push

// NewMemory is the default [Seen], for tests that let two handlers share one.
func NewMemory(size int) Seen { return newMemory(size) }
