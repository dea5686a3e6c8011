package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// keychain looks for credentials where Docker and Podman keep them. Unlike the default of go-containerregistry, it asks
// Podman's file also where a Docker config exists that does not know the registry.
type keychain struct{ files []string }

// newKeychain lists the files in the order in which they are asked.
func newKeychain() keychain {
	var files []string
	add := func(base string, parts ...string) {
		if base != "" {
			files = append(files, filepath.Join(append([]string{base}, parts...)...))
		}
	}
	home, _ := os.UserHomeDir()
	add(os.Getenv("REGISTRY_AUTH_FILE"))
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		add(dir, "config.json")
	} else {
		add(home, ".docker", "config.json")
	}
	add(os.Getenv("XDG_RUNTIME_DIR"), "containers", "auth.json")
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		add(dir, "containers", "auth.json")
	} else {
		add(home, ".config", "containers", "auth.json")
	}
	return keychain{files}
}

// Resolve gives the credentials of the most specific entry for the repository or its registry.
func (k keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), target)
}

// ResolveContext is Resolve; credential helpers cannot be interrupted.
func (k keychain) ResolveContext(_ context.Context, target authn.Resource) (authn.Authenticator, error) {
	for _, name := range k.files {
		cf, err := load(name)
		if err != nil {
			return nil, err
		}
		if cf == nil {
			continue
		}
		auth, err := lookUp(cf, target)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if auth != nil {
			return auth, nil
		}
	}
	return authn.Anonymous, nil
}

func load(name string) (*configfile.ConfigFile, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil // another user's, or none: as if there were no credentials
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	cf, err := config.LoadFromReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return cf, nil
}

// lookUp asks for host/org/repository, host/org, host, as containers-auth.json(5) has it. A key is only ever compared
// whole: credentials of registry.example do not match registry.example.evil.
func lookUp(cf *configfile.ConfigFile, target authn.Resource) (authn.Authenticator, error) {
	keys := []string{}
	for key := target.String(); ; {
		keys = append(keys, key)
		i := strings.LastIndexByte(key, '/')
		if i < 0 {
			break
		}
		key = key[:i]
	}
	if target.RegistryStr() == name.DefaultRegistry {
		keys = append(keys, authn.DefaultAuthKey, "docker.io")
	}
	for _, key := range keys {
		got, err := cf.GetAuthConfig(key)
		if err != nil {
			return nil, err
		}
		got.ServerAddress = ""
		if got == (types.AuthConfig{}) {
			continue
		}
		return authn.FromConfig(authn.AuthConfig{
			Username: got.Username, Password: got.Password, Auth: got.Auth,
			IdentityToken: got.IdentityToken, RegistryToken: got.RegistryToken,
		}), nil
	}
	return nil, nil
}

// fixedKeychain has credentials for one registry.
type fixedKeychain struct {
	registry string
	auth     authn.Authenticator
}

// Resolve gives them to that registry only.
func (k fixedKeychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	if target.RegistryStr() != k.registry {
		return authn.Anonymous, nil
	}
	return k.auth, nil
}
