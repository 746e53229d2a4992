package wxcrypt

import (
	"crypto/sha1" //nolint:gosec // the hash that WeChat's signatures are defined with
	"encoding/hex"
	"slices"
	"strings"
)

// SortedSHA1 is the signature of message push: the lower-case hex SHA-1 of the parts, sorted by
// their bytes and joined without a separator. So bytes can move from one part to another and the
// signature stays; callers must bound what each part may look like.
func SortedSHA1(parts ...string) string {
	sorted := slices.Sorted(slices.Values(parts))
	sum := sha1.Sum([]byte(strings.Join(sorted, ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
