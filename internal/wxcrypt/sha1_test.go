package wxcrypt_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/wxcrypt"
)

func TestSortedSHA1(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		parts      []string
	}{
		{"URL check of WeChat's page", "f464b24fc39322e44b38aa78f5edd27bd1441696", []string{"AAAAA", "1714036504", "1514711492"}},
		{"any order", "f464b24fc39322e44b38aa78f5edd27bd1441696", []string{"1514711492", "AAAAA", "1714036504"}},
		{"a digit moved from one part to another", "f464b24fc39322e44b38aa78f5edd27bd1441696", []string{"AAAAA", "21714036504", "151471149"}},
		{"by bytes: + before digits before capitals before small letters", "41364a983741914ae53d975497e754decc9b48a0", []string{"a", "Z", "9", "+"}},
		{"nothing", "da39a3ee5e6b4b0d3255bfef95601890afd80709", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, wxcrypt.SortedSHA1(tt.parts...))
		})
	}
}

func TestSortedSHA1LeavesItsPartsInOrder(t *testing.T) {
	parts := []string{"b", "a"}
	wxcrypt.SortedSHA1(parts...)
	require.Equal(t, "b", parts[0], "the caller's slice was sorted")
}
