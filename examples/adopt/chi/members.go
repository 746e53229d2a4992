package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"errors"

	_ "modernc.org/sqlite" // the driver
)

const schema = `
CREATE TABLE IF NOT EXISTS members (
	id     TEXT PRIMARY KEY,
	name   TEXT NOT NULL,
	banned INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS passwords (member TEXT PRIMARY KEY REFERENCES members, name TEXT UNIQUE, salt BLOB, hash BLOB);
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, member TEXT NOT NULL REFERENCES members);
`

type member struct{ ID, Name string }

type members struct{ db *sql.DB }

func openMembers(file string) (*members, error) {
	db, err := sql.Open("sqlite", file+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	m := &members{db}
	return m, m.add(context.Background(), "alice", "wonderland")
}

// add makes a member with a password, once.
func (m *members) add(ctx context.Context, name, password string) error {
	salt := []byte(rand.Text())
	hash, err := hashed(password, salt)
	if err != nil {
		return err
	}
	_, err = m.db.ExecContext(ctx, `INSERT OR IGNORE INTO members (id, name) VALUES (?1, ?1);
		INSERT OR IGNORE INTO passwords (member, name, salt, hash) VALUES (?1, ?1, ?2, ?3)`, name, salt, hash)
	return err
}

func hashed(password string, salt []byte) ([]byte, error) {
	return pbkdf2.Key(sha256.New, password, salt, 100_000, 32)
}

var errWrong = errors.New("wrong name or password, or banned")

// logIn returns the ID of a new session.
func (m *members) logIn(ctx context.Context, name, password string) (string, error) {
	var id string
	var salt, want []byte
	err := m.db.QueryRowContext(ctx, `SELECT m.id, salt, hash FROM passwords p JOIN members m ON m.id = p.member
		WHERE p.name = ? AND NOT banned`, name).Scan(&id, &salt, &want)
	if err != nil {
		return "", err
	}
	got, err := hashed(password, salt)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 {
		return "", errWrong
	}
	session := rand.Text()
	_, err = m.db.ExecContext(ctx, `INSERT INTO sessions (id, member) VALUES (?, ?)`, session, id)
	return session, err
}

func (m *members) logOut(ctx context.Context, session string) {
	_, _ = m.db.ExecContext(ctx, `DELETE FROM sessions WHERE id = ?`, session)
}

// ban shuts a member out at once: every look-up asks for members who are not banned.
func (m *members) ban(ctx context.Context, name string) error {
	_, err := m.db.ExecContext(ctx, `UPDATE members SET banned = 1 WHERE name = ?`, name)
	return err
}

func (m *members) bySession(ctx context.Context, session string) (member, error) {
	return m.find(ctx, `SELECT m.id, m.name FROM sessions s JOIN members m ON m.id = s.member WHERE s.id = ? AND NOT banned`, session)
}

// find returns nobody where there is no row.
func (m *members) find(ctx context.Context, query string, args ...any) (found member, err error) {
	if err = m.db.QueryRowContext(ctx, query, args...).Scan(&found.ID, &found.Name); errors.Is(err, sql.ErrNoRows) {
		return member{}, nil
	}
	return found, err
}
