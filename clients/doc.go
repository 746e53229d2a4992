// Package clients runs WeChat clients of other people against wxsim as they are: nine from npm,
// two from Go. What works with WeChat must work with the simulator.
//
//	make clients          # runs them all, and compares with the table of docs/simulator.md
//	make clients WRITE=1  # and writes the table
package clients
