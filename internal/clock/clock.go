// Package clock says what our engines expect of the clocks of a fleet.
package clock

import "time"

// Skew is how far the clocks of two replicas may be apart.
const Skew = 5 * time.Minute
