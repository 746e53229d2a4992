package sessionstore

// HeldOutcomes is how many entries m keeps in memory, expired ones included.
func HeldOutcomes(m *MemoryOutcomes) int { return len(m.held) }
