// Package bench measures what a signed-in request costs, beside what users would pick instead.
// `make bench` prints the tables and writes docs/benchmarks.md.
package bench
