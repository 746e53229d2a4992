package wxsim

import (
	"maps"
	"time"
)

// A Limit is how often an endpoint may be called; zero means any number of times. Too many calls
// in a minute are answered 45011, too many in a day (China's) 45009. The authorize page shows
// error 10009 instead.
type Limit struct {
	PerMinute int `json:"per_minute,omitempty"`
	PerDay    int `json:"per_day,omitempty"`
}

// DocumentedLimits are the limits that WeChat publishes, for [Config].Limits.
func DocumentedLimits() map[string]Limit {
	return map[string]Limit{
		"/cgi-bin/token":            {PerDay: 2_000},
		"/cgi-bin/stable_token":     {PerMinute: 10_000, PerDay: 500_000},
		"/sns/oauth2/access_token":  {PerMinute: 50_000},
		"/sns/oauth2/refresh_token": {PerMinute: 50_000},
		"/sns/userinfo":             {PerMinute: 50_000},
		"/wxa/resetusersessionkey":  {PerMinute: 60_000},
		"/wxa/msg_sec_check":        {PerMinute: 4_000, PerDay: 2_000_000},
		"/wxa/media_check_async":    {PerMinute: 2_000, PerDay: 200_000},
		"/wxa/genwxashortlink":      {PerDay: 10_000_000},
	}
}

// Limits returns how often each path may be called now.
func (s *Server) Limits() map[string]Limit {
	return hold(&s.holder, func(w *world) map[string]Limit { return maps.Clone(w.cfg.Limits) })
}

// SetLimits replaces all limits. The error is that of [Config.Check].
func (s *Server) SetLimits(limits map[string]Limit) error {
	check := Config{Limits: limits}
	if err := check.Check(); err != nil {
		return err
	}
	s.change(func(w *world) { w.cfg.Limits = maps.Clone(limits) })
	return nil
}

// A counter counts the calls of the present minute or day.
type counter struct {
	period string
	n      int
}

// usage is how often one path was called.
type usage struct{ minute, day counter }

// today returns the day in China, at whose midnight counting starts again.
func today(now time.Time) string { return chinaTime(now).Format(time.DateOnly) }

// allow counts a call and reports whether it is within limit in this period.
func (c *counter) allow(period string, limit int) bool {
	if c.period != period {
		*c = counter{period: period}
	}
	if c.n >= limit {
		return false
	}
	c.n++
	return true
}

// overLimit counts a call of the path and returns the code of the refusal, or 0.
func (w *world) overLimit(path string) int {
	limit, ok := w.cfg.Limits[path]
	if !ok {
		return 0
	}
	minuteCode, dayCode := 45011, 45009
	if isPage(path) {
		minuteCode, dayCode = 10009, 10009
	}
	used := w.used[path]
	if used == nil {
		used = new(usage)
		w.used[path] = used
	}
	switch {
	case limit.PerMinute > 0 && !used.minute.allow(w.now.Format("2006-01-02T15:04"),
		limit.PerMinute):
		return minuteCode
	case limit.PerDay > 0 && !used.day.allow(today(w.now), limit.PerDay):
		return dayCode
	}
	return 0
}
