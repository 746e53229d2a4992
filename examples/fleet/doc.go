// Package fleet is a script, run.sh, that runs several replicas of the example app on one machine,
// and the files that do the same in containers. Its tests run the script.
package fleet
