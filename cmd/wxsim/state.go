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

// saveEvery is the time between two saves, which a crash may lose.
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
		return s, s.save() // fails now if the folder does not exist
	case err != nil:
		return nil, fmt.Errorf("wxsim: -state: %w", err)
	}
	if err := sim.Restore(data); err != nil {
		return nil, fmt.Errorf("wxsim: -state %s: %w", s.file, err)
	}
	return s, nil
}

// until saves every saveEvery until done is closed. An error is not reported: the next save tries
// again, and the last one, at the end of the program, does report it.
func (s *saver) until(done <-chan struct{}) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_ = s.save() // see the comment above
		}
	}
}

// save replaces the file in one step, so that it is never incomplete.
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
		//nolint:gosec // the user of the program names the file
		err = os.Rename(temporary.Name(), s.file)
	}
	if err != nil {
		_ = os.Remove(temporary.Name()) //nolint:gosec // the user of the program names the file
		return fmt.Errorf("wxsim: -state: %w", err)
	}
	s.last = data
	return nil
}
