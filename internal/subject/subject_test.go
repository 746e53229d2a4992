package subject_test

import (
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/internal/subject"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"oW9xQ6JEFUrI1QSFw5ZVa1HXe9bL": true, "o_-Z9": true, "o": true, strings.Repeat("o", 64): true,
		"": false, strings.Repeat("o", 65): false, "o p": false, "o\n": false, "o*": false, "o:1": false, "ö": false, "o\x00": false,
	} {
		if got := subject.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}

// No two users share a name.
func TestOf(t *testing.T) {
	if a, b := subject.Of("wx1", "o1"), subject.Of("wx1o", "1"); a == b {
		t.Errorf("%q is two users", a)
	}
}
