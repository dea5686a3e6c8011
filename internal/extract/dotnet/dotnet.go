// Package dotnet reads the NuGet packages of .NET: those that were deployed, from the deps.json of a program, of the shared runtime and inside
// single-file programs, and those that source trees pin, from packages.lock.json, project.assets.json, packages.config and project files.
//
// Of what was deployed it promises the packages whose files are there: a package of which the build took nothing, because the runtime
// brings a newer copy or since it only names others, is listed in deps.json and is left out. The runtime counts as the runtime pack that it is made
// of, "Microsoft.NETCore.App.Runtime.linux-x64", under which its advisories are. A runtimeconfig.json is not read: it names the oldest runtime that
// will do, what runs is in the shared folder. Programs that were compiled ahead of time say nothing of their packages.
package dotnet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
	"github.com/sightline-sec/sightline/internal/inventory"
	"github.com/sightline-sec/sightline/internal/purl"
)

// Extractors are the extractors of this package.
func Extractors() []extract.Extractor {
	return []extract.Extractor{deps{}, bundle{}, lock{}, assets{}, packagesConfig{}, project{}}
}

// nuGets collects the packages of one file, each once.
type nuGets struct {
	facts *extract.Facts
	seen  map[[2]string]bool
}

func collect(facts *extract.Facts) *nuGets {
	return &nuGets{facts: facts, seen: map[[2]string]bool{}}
}

func (c *nuGets) add(name, version string) {
	// NuGet takes names as equal whatever their case.
	key := [2]string{strings.ToLower(name), version}
	if name == "" || c.seen[key] {
		return
	}
	c.seen[key] = true
	c.facts.Packages = append(c.facts.Packages, inventory.Package{
		Name: name, Version: version, Ecosystem: purl.NuGet,
		PURL: purl.Make(purl.NuGet, "", name, version, nil, ""),
	})
}

// addKey adds "Name/1.2.3".
func (c *nuGets) addKey(key string) {
	if i := strings.LastIndexByte(key, '/'); i > 0 {
		c.add(key[:i], key[i+1:])
	}
}

const byteOrderMark = "\xef\xbb\xbf"

// maxFile is far above what the tools write for the largest of projects; read into memory it grows tenfold.
const maxFile = 16 << 20

// tooLarge is the error of a file that is larger, or nil.
func tooLarge(size int64) error {
	if size <= maxFile {
		return nil
	}
	return &artifact.ErrLimit{Reason: artifact.FileTooLarge, Detail: fmt.Sprintf("%d bytes; files of .NET are read up to %d", size, maxFile)}
}

// decode reads JSON. Members of another type than expected are an error too, but the rest was read: ok is true.
func decode(b []byte, into any) (ok bool, err error) {
	if err = json.Unmarshal(bytes.TrimPrefix(b, []byte(byteOrderMark)), into); err == nil {
		return true, nil
	}
	_, ok = errors.AsType[*json.UnmarshalTypeError](err)
	return ok, err
}
