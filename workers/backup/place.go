package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Place is where backups are kept: a folder, or a bucket of an S3-compatible store.
type Place interface {
	// Put copies the file there under its own name and reads it back.
	Put(ctx context.Context, file string) error
	// Get copies one from there into dir and returns its path.
	Get(ctx context.Context, name, dir string) (string, error)
	// Names are the files there.
	Names(ctx context.Context) ([]string, error)
	// Remove takes one away.
	Remove(ctx context.Context, name string) error
	// String names the place without its secrets.
	String() string
}

// ParsePlace reads a folder, or s3://KEY:SECRET@HOST/BUCKET/PREFIX with ?region=REGION and, for a store on this machine,
// &tls=off. Without key and secret those of the environment count (AWS_ACCESS_KEY_ID …) or of the machine's role.
func ParsePlace(text string) (Place, error) {
	if !strings.Contains(text, "://") {
		return Folder(text), nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Host == "" {
		return nil, errors.New("backup: a place is a folder or s3://KEY:SECRET@HOST/BUCKET/PREFIX") // what was given may hold a secret
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" {
		return nil, fmt.Errorf("backup: s3://%s names no bucket: s3://KEY:SECRET@HOST/BUCKET/PREFIX", u.Host)
	}
	q := u.Query()
	for name := range q {
		if name != "region" && name != "tls" {
			return nil, fmt.Errorf("backup: s3://%s has an unknown option %s; there are region and tls", u.Host, name)
		}
	}
	who := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{Client: http.DefaultClient}})
	if secret, ok := u.User.Password(); ok {
		who = credentials.NewStaticV4(u.User.Username(), secret, "")
	}
	client, err := minio.New(u.Host, &minio.Options{Creds: who, Secure: q.Get("tls") != "off", Region: q.Get("region"), TrailingHeaders: q.Get("tls") != "off"})
	if err != nil {
		return nil, fmt.Errorf("backup: s3://%s: %w", u.Host, err)
	}
	return &store{client, u.Host, bucket, prefix}, nil
}

// Folder is a place on a disk.
type Folder string

func (f Folder) String() string { return string(f) }

// Put copies the file, unless it lies there already.
func (f Folder) Put(_ context.Context, file string) error {
	to := filepath.Join(string(f), filepath.Base(file))
	if to == filepath.Clean(file) {
		return nil
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := copyFile(file, to); err != nil {
		return err
	}
	_, err := Verify(to)
	return err
}

// Get needs no copy.
func (f Folder) Get(_ context.Context, name, _ string) (string, error) {
	return filepath.Join(string(f), name), nil
}

// Names are the regular files.
func (f Folder) Names(context.Context) (names []string, err error) {
	entries, err := os.ReadDir(string(f))
	if os.IsNotExist(err) {
		return nil, nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Remove deletes the file.
func (f Folder) Remove(_ context.Context, name string) error {
	return os.Remove(filepath.Join(string(f), name))
}

// copyFile writes beside the target and renames, so that no half a backup stands there under its name.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".copy-*")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(out.Name())
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return os.Rename(out.Name(), to)
}

type store struct {
	client               *minio.Client
	host, bucket, prefix string
}

func (s *store) String() string       { return "s3://" + s.host + "/" + path.Join(s.bucket, s.prefix) }
func (s *store) key(n string) string  { return path.Join(s.prefix, n) }
func (s *store) wrap(err error) error { return fmt.Errorf("backup: %s: %w", s, err) }

// Put uploads, and reads the object back to compare it.
func (s *store) Put(ctx context.Context, file string) error {
	name := filepath.Base(file)
	if _, err := s.client.FPutObject(ctx, s.bucket, s.key(name), file, minio.PutObjectOptions{ContentType: "application/gzip"}); err != nil {
		return s.wrap(err)
	}
	object, err := s.client.GetObject(ctx, s.bucket, s.key(name), minio.GetObjectOptions{})
	if err != nil {
		return s.wrap(err)
	}
	defer object.Close()
	here, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer here.Close()
	a, b := sha256.New(), sha256.New()
	if _, err := io.Copy(a, object); err != nil {
		return s.wrap(err)
	}
	if _, err := io.Copy(b, here); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if [32]byte(a.Sum(nil)) != [32]byte(b.Sum(nil)) {
		return s.wrap(fmt.Errorf("%s came back changed", name))
	}
	return nil
}

// Get downloads into dir.
func (s *store) Get(ctx context.Context, name, dir string) (string, error) {
	to := filepath.Join(dir, filepath.Base(name))
	if err := s.client.FGetObject(ctx, s.bucket, s.key(name), to, minio.GetObjectOptions{}); err != nil {
		return "", s.wrap(err)
	}
	return to, nil
}

// Names are the objects right below the prefix.
func (s *store) Names(ctx context.Context) (names []string, err error) {
	below := s.prefix
	if below != "" {
		below += "/"
	}
	for object := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: below}) {
		if object.Err != nil {
			return nil, s.wrap(object.Err)
		}
		if name := strings.TrimPrefix(object.Key, below); !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	return names, nil
}

// Remove deletes the object.
func (s *store) Remove(ctx context.Context, name string) error {
	if err := s.client.RemoveObject(ctx, s.bucket, s.key(name), minio.RemoveObjectOptions{}); err != nil {
		return s.wrap(err)
	}
	return nil
}
