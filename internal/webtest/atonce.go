package webtest

import "sync"

// AtOnce calls do for 0 to n-1, all at the same time, and waits.
func AtOnce(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
