package demo

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/rueidis"
)

// connect gives a client even before Redis is there. The caller closes it.
func connect(ctx context.Context, option rueidis.ClientOption) (rueidis.Client, error) {
	// Without it there is no client until Redis answers. For a cluster, leave it out.
	option.ForceSingleClient = true
	// A Redis that hangs is noticed within a second, also by those whose sessions are at hand.
	option.Dialer.KeepAlive, option.ConnWriteTimeout = 200*time.Millisecond, 600*time.Millisecond
	// The name in REDIS_URL is looked up again, as after a failover.
	option.ConnLifetime = time.Minute
	client, err := rueidis.NewClient(option)
	if client == nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	if err != nil {
		slog.WarnContext(ctx, "Redis does not answer: until it does, who is signed in cannot "+
			"be told", "error", err)
	}
	return client, nil
}
