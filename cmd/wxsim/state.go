package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/wxoauth/wxoauth/wxsim"
)

// saveEvery is how much a crash may lose.
const saveEvery = 2 * time.Second

// A saver keeps a simulator's state in a file. Without a file it does nothing.
type saver struct {
	sim  *wxsim.Server
	file string
	last []byte
}

// restore reads the file of -state, which need not exist yet.
func (o *options) restore(sim *wxsim.Server) (*saver, error) {
	s := &saver{sim: sim, file: o.state}
	if s.file == "" {
		return s, nil
	}
	data, err := os.ReadFile(s.file) //nolint:gosec // who starts the program names the file
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, s.save() // a folder that does not exist is told now
	case err != nil:
		return nil, fmt.Errorf("wxsim: -state: %w", err)
	}
	if err := sim.Restore(data); err != nil {
		return nil, fmt.Errorf("wxsim: -state %s: %w", s.file, err)
	}
	return s, nil
}

// until saves now and then until done is closed. What cannot be saved is tried again, and told at
// the end.
func (s *saver) until(done <-chan struct{}) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_ = s.save() // see above
		}
	}
}

// save replaces the file at once, so that it is whole whenever the program ends.
func (s *saver) save() error {
	if s.file == "" {
		return nil
	}
	data, err := s.sim.Save()
	if err != nil || bytes.Equal(data, s.last) {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.file), ".wxsim-*") // readable by this user only
	if err != nil {
		return fmt.Errorf("wxsim: -state: %w", err)
	}
	_, err = temporary.Write(data)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), s.file) //nolint:gosec // as above
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) //nolint:gosec // as above; nothing more can be done
		return fmt.Errorf("wxsim: -state: %w", err)
	}
	s.last = data
	return nil
}
