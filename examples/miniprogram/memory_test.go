package main

import (
	"errors"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheMemoryHasBounds(t *testing.T) {
	m := newMemory()
	for i := range 2 * maxUsers {
		m.signIn("o" + strconv.Itoa(i))
	}
	for i := range 2 * maxChecks {
		m.begin("t"+strconv.Itoa(i), "o", m.keepPicture("o", "image/gif", nil))
	}
	if users, checks, files := m.users.Len(), m.checks.Len(), m.files.Len(); users != maxUsers || checks != maxChecks || files != maxPictures {
		t.Errorf("%d users, %d checks, %d pictures", users, checks, files)
	}
	if got := m.checksOf("o"); len(got) != maxChecks || got[0].traceID != "t"+strconv.Itoa(2*maxChecks-1) {
		t.Errorf("the latest of %d checks is %s", len(got), got[0].traceID)
	}
}

func TestAVerdictMayComeFirst(t *testing.T) {
	m := newMemory()
	id := m.keepPicture("o", "image/gif", nil)
	m.settle("t", statusRisky)
	require.Equal(t, check{"t", "o", id, statusRisky}, m.begin("t", "o", id))
	if _, ok := m.picture(id); ok {
		t.Error("a risky picture is kept")
	}
}

func TestOnlyUsersWhoLoggedInAreChanged(t *testing.T) {
	m := newMemory()
	if _, err := m.change("o", func(u *user) { u.Phone = "1" }); !errors.Is(err, errGone) {
		t.Errorf("change: %v", err)
	}
	if _, err := m.user("o"); !errors.Is(err, errGone) {
		t.Errorf("after the change: %v", err)
	}
}
