package push

// NewMemory is the default [Seen], for tests that let two handlers share one.
func NewMemory(size int) Seen { return newMemory(size) }

// Seal gives the Encrypt text of a message.
func Seal(appID, encodingAESKey, message string) (string, error) {
	return newCipher(appID, encodingAESKey).seal([]byte(message))
}

// Open gives the message in an Encrypt text.
func Open(appID, encodingAESKey, text string) ([]byte, error) {
	return newCipher(appID, encodingAESKey).open(text)
}
