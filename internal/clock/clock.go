// Package clock has the tolerance for the clocks of several replicas.
package clock

import "time"

// Skew is how much the clocks of two replicas may differ.
const Skew = 5 * time.Minute
