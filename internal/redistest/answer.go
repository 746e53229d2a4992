package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readAnswer reads one answer of the RESP2 protocol as text.
func readAnswer(r io.Reader) (string, error) { return answerFrom(bufio.NewReader(r)) }

func answerFrom(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return "", errors.New("an empty line is no answer")
	}
	kind, rest := line[0], line[1:]
	if kind == '+' || kind == '-' || kind == ':' {
		return rest, nil
	}
	size, err := strconv.Atoi(rest)
	if err != nil || kind != '$' && kind != '*' {
		return "", fmt.Errorf("%q is no answer", line)
	}
	if size < 0 {
		return "(nil)", nil
	}
	if kind == '$' {
		text := make([]byte, size+len("\r\n"))
		_, err := io.ReadFull(r, text)
		return string(text[:size]), err
	}
	elements := make([]string, size)
	for i := range elements {
		if elements[i], err = answerFrom(r); err != nil {
			return "", err
		}
	}
	return strings.Join(elements, "\n"), nil
}
