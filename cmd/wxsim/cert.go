package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"time"
)

const (
	certLife  = 2 * 365 * 24 * time.Hour // Apple's systems take no more than 825 days
	certSpare = 30 * 24 * time.Hour      // a certificate with less time left is replaced
)

// The files of -tls-dir.
const (
	caFile   = "ca.pem"
	certFile = "cert.pem"
	keyFile  = "key.pem"
)

// A keyPair is the simulator's certificate and the authority that has signed it. The key of the
// authority is not stored, so that nobody can sign another certificate with it.
type keyPair struct {
	ca   []byte // PEM
	cert tls.Certificate
}

// certHosts returns the names for the certificate: the host of -addr, WeChat's hosts, and the
// names of the simulator on this machine and in a network of containers.
func certHosts(addr string) []string {
	hosts := []string{
		"api.weixin.qq.com", "open.weixin.qq.com", "mp.weixin.qq.com", "api2.weixin.qq.com",
		"sh.api.weixin.qq.com", "sz.api.weixin.qq.com", "hk.api.weixin.qq.com",
		"localhost", "wxsim", "127.0.0.1", "::1",
	}
	host, _, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err != nil || host == "" || ip.IsUnspecified() ||
		slices.Contains(hosts, host) {
		return hosts
	}
	return append(hosts, host)
}

// keyPairIn reads the files of a folder. It makes new ones if they are missing, damaged, for other
// hosts or about to expire.
func keyPairIn(dir string, hosts []string, now time.Time) (*keyPair, error) {
	//nolint:gosec // other users must read ca.pem; the key has its own mode
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	k, err := readKeyPair(root)
	switch {
	case err == nil && k.good(hosts, now):
		return k, root.Chmod(keyFile, 0o600)
	case errors.Is(err, fs.ErrPermission):
		return nil, err
	}
	k, files, err := newKeyPair(hosts, now)
	if err != nil {
		return nil, err
	}
	for name, content := range files {
		mode := fs.FileMode(0o644)
		if name == keyFile {
			mode = 0o600
		}
		// By renaming, the file is never incomplete, and has this mode even if an older one had
		// another.
		err := errors.Join(root.WriteFile(name+".new", content, mode),
			root.Rename(name+".new", name))
		if err != nil {
			return nil, err
		}
	}
	return k, nil
}

func readKeyPair(root *os.Root) (*keyPair, error) {
	files := map[string][]byte{caFile: nil, certFile: nil, keyFile: nil}
	for name := range files {
		content, err := root.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	cert, err := tls.X509KeyPair(files[certFile], files[keyFile])
	return &keyPair{files[caFile], cert}, err
}

// good reports whether a client that trusts the authority accepts the certificate for every host,
// for some time.
func (k *keyPair) good(hosts []string, now time.Time) bool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(k.ca)
	for _, host := range hosts {
		if _, err := k.cert.Leaf.Verify(x509.VerifyOptions{
			DNSName: host, Roots: roots, CurrentTime: now.Add(certSpare),
		}); err != nil {
			return false
		}
	}
	return true
}

// newKeyPair makes an authority that may sign only for these hosts and WeChat's, and a
// certificate. files are those that readKeyPair reads.
func newKeyPair(hosts []string, now time.Time) (k *keyPair, files map[string][]byte, err error) {
	ca := &x509.Certificate{
		// A client that trusts two authorities of the same name could confuse them.
		Subject:   pkix.Name{CommonName: "wxsim " + rand.Text()[:8] + ", a simulator for tests"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(certLife), IsCA: true,
		BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"weixin.qq.com"},
	}
	leaf := &x509.Certificate{
		Subject:   pkix.Name{CommonName: hosts[0]},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
			ca.PermittedIPRanges = append(ca.PermittedIPRanges, only(ip))
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
			ca.PermittedDNSDomains = append(ca.PermittedDNSDomains, host)
		}
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	// It now has the key id to which the certificate refers.
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return nil, nil, err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	files = map[string][]byte{
		caFile:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		certFile: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leafDER}),
		keyFile:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
	cert, err := tls.X509KeyPair(files[certFile], files[keyFile])
	if err != nil {
		return nil, nil, fmt.Errorf("a certificate just made does not fit its key: %w", err)
	}
	return &keyPair{files[caFile], cert}, files, nil
}

// only returns the range with one address.
func only(ip net.IP) *net.IPNet {
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))}
}
