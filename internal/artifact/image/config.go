package image

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/sightline-sec/sightline/internal/artifact"
)

// imageConfig is an image config as stored (OCI image-spec, config.md).
type imageConfig struct {
	Created      moment `json:"created"`
	Author       string `json:"author"`
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	Variant      string `json:"variant"`
	Config       struct {
		User         string              `json:"User"`
		Env          []string            `json:"Env"`
		Entrypoint   words               `json:"Entrypoint"`
		Cmd          words               `json:"Cmd"`
		WorkingDir   string              `json:"WorkingDir"`
		Labels       map[string]string   `json:"Labels"`
		ExposedPorts map[string]struct{} `json:"ExposedPorts"`
		Volumes      map[string]struct{} `json:"Volumes"`
		StopSignal   string              `json:"StopSignal"`
		Healthcheck  json.RawMessage     `json:"Healthcheck"`
	} `json:"config"`
	RootFS struct {
		DiffIDs list[string] `json:"diff_ids"`
	} `json:"rootfs"`
	History list[history] `json:"history"`
}

type history struct {
	Created    moment `json:"created"`
	CreatedBy  string `json:"created_by"`
	Author     string `json:"author"`
	Comment    string `json:"comment"`
	EmptyLayer bool   `json:"empty_layer"`
}

// moment is a time that may be missing or nonsense: builders write both.
type moment struct{ t *time.Time }

// UnmarshalJSON keeps a time that can be read.
func (m *moment) UnmarshalJSON(b []byte) error {
	var t time.Time
	if json.Unmarshal(b, &t) == nil && !t.IsZero() {
		t = t.UTC()
		m.t = &t
	}
	return nil
}

// words is a list of strings which early Docker wrote as one string.
type words []string

// UnmarshalJSON takes both forms.
func (w *words) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*w = words{s}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(w))
}

func parseConfig(b []byte) (*imageConfig, error) {
	var c imageConfig
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("%w: parsing image config: %w", artifact.ErrCorrupt, err)
	}
	return &c, nil
}

func (c *imageConfig) platform() platform {
	return platform{OS: c.OS, Architecture: c.Architecture, Variant: c.Variant}
}

// export is the config in the words of the result.
func (c *imageConfig) export() *artifact.Config {
	out := &artifact.Config{
		Created: c.Created.t, Author: c.Author, OS: c.OS, Architecture: c.Architecture, Variant: c.Variant,
		User: c.Config.User, Env: c.Config.Env, Entrypoint: c.Config.Entrypoint, Cmd: c.Config.Cmd,
		WorkingDir: c.Config.WorkingDir, Labels: c.Config.Labels, StopSignal: c.Config.StopSignal,
		ExposedPorts: slices.Sorted(maps.Keys(c.Config.ExposedPorts)),
		Volumes:      slices.Sorted(maps.Keys(c.Config.Volumes)),
	}
	if h := c.Config.Healthcheck; string(h) != "null" {
		out.Healthcheck = h
	}
	for _, h := range c.History.items {
		out.History = append(out.History, artifact.History{
			Created: h.Created.t, CreatedBy: h.CreatedBy, Author: h.Author, Comment: h.Comment, EmptyLayer: h.EmptyLayer,
		})
	}
	return out
}

// createdBy gives, for each of n layers, the history entry that made it. It is nil when the history does not tell: it
// has another number of entries that are not empty.
func (c *imageConfig) createdBy(n int) []string {
	var by []string
	for _, h := range c.History.items {
		if !h.EmptyLayer {
			by = append(by, h.CreatedBy)
		}
	}
	if len(by) != n || c.History.more > 0 {
		return nil
	}
	return by
}
