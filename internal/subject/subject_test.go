package subject_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/subject"
)

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"oW9xQ6JEFUrI1QSFw5ZVa1HXe9bL": true, "o_-Z9": true, "o": true, strings.Repeat("o", 64): true,
		"": false, strings.Repeat("o", 65): false, "o p": false, "o\n": false, "o*": false, "o:1": false, "ö": false, "o\x00": false,
	} {
		require.Equal(t, want, subject.ValidID(id), id)
	}
}

// No two users share a name.
func TestOf(t *testing.T) {
	if a, b := subject.Of("wx1", "o1"), subject.Of("wx1o", "1"); a == b {
		t.Errorf("%q is two users", a)
	}
}

func TestValidCode(t *testing.T) {
	for code, want := range map[string]bool{
		"041abCdE~!": true, "c": true, strings.Repeat("c", 512): true,
		"": false, strings.Repeat("c", 513): false, "c c": false, "c\x7f": false, "c\x00": false, "名": false, "\xff": false,
	} {
		require.Equal(t, want, subject.ValidCode(code), code)
	}
}
