package mpapi

import (
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"
)

// An InputError is a fault of a request that was found before a call was spent on it. It does not
// show the value. Find one with errors.As or errors.AsType.
type InputError struct {
	Field   string // WeChat's name of the field: "begin_date"
	Problem string // what is wrong with it: "must be a Monday"
}

// Error names the field and what is wrong with it.
func (e *InputError) Error() string { return "mpapi: " + e.Field + " " + e.Problem }

func required(field, value string) error {
	if value == "" {
		return &InputError{field, "is missing"}
	}
	return nil
}

// atMost returns an error if value has more characters.
func atMost(field, value string, characters int) error {
	if n := utf8.RuneCountInString(value); n > characters {
		return &InputError{
			field, fmt.Sprintf("has %d characters, at most %d are allowed", n, characters),
		}
	}
	return nil
}

func oneOf[T comparable](field string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return &InputError{field, fmt.Sprintf("must be one of %v", allowed)}
}

// webURL returns an error if WeChat cannot download from raw.
func webURL(field, raw string) error {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return &InputError{field, "must be an http or https URL"}
	}
	return nil
}
