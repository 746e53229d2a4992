// Package docs_test holds the documents true: their code and commands run here, their links lead
// somewhere, and both languages say the same.
package docs_test
