// Package logs has what the loggers of this module have in common.
package logs

import (
	"log/slog"
	"regexp"
	"sync"
	"time"
)

var secretForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// LikeSecret reports whether text has the form of WeChat's AppSecrets. No AppID has it.
func LikeSecret(text string) bool { return secretForm.MatchString(text) }

// Of returns logger, or slog.Default() if it is nil, with the AppID in every line. An AppID that
// looks like an AppSecret is left out, because the two may have been mixed up.
func Of(logger *slog.Logger, appID string) *slog.Logger {
	if logger == nil {
		logger = slog.Default()
	}
	switch {
	case appID == "":
		return logger
	case LikeSecret(appID):
		appID = "[redacted]"
	}
	return logger.With("appid", appID)
}

// A Sample limits a line that would flood the log: it is written at most once per interval.
type Sample struct {
	Every time.Duration

	mu   sync.Mutex
	next time.Time
	left int // left out since the last line
}

// Due reports whether the line should be written now, and how many were left out before it.
func (s *Sample) Due(now time.Time) (leftOut int, due bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.next) {
		s.left++
		return 0, false
	}
	leftOut, s.left = s.left, 0
	s.next = now.Add(s.Every)
	return leftOut, true
}
