// Package clients runs WeChat clients of other people against wxsim as they are: nine from npm,
// two from Go. Whatever they do in production must work here, or the simulator is not one.
//
//	make clients          # runs them all, and compares with the table of docs/simulator.md
//	make clients WRITE=1  # and writes the table
package clients
