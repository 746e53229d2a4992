package wxsim

import (
	"sync/atomic"
	"time"
)

// A clock is the real one (or that of a synctest bubble) plus the time that [Server.Advance] has
// added.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(c.ahead()) }

func (c *clock) advance(d time.Duration) { c.offset.Add(int64(max(0, d))) }

func (c *clock) ahead() time.Duration { return time.Duration(c.offset.Load()) }

// Advance moves the simulator's clock forward by d, so that codes and tokens are older. It moves
// no other clock, and a negative d does nothing.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// Now returns the time by the simulator's clock.
func (s *Server) Now() time.Time { return s.clock.now() }

// chinaTime returns t in the time zone in which WeChat's days begin and end.
func chinaTime(t time.Time) time.Time { return t.In(time.FixedZone("CST", 8*60*60)) }
