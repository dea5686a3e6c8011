package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/version"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Set by the linker: see the Makefile.
var (
	stampVersion = ""
	stampCommit  = ""
	stampDate    = ""
)

// build says what this binary is.
type build struct {
	Version        string `json:"version"`
	Commit         string `json:"commit,omitempty"`
	Date           string `json:"date,omitempty"`
	Go             string `json:"go"`
	Platform       string `json:"platform"`
	DatabaseFormat int    `json:"database_format"`
}

func thisBuild() build {
	b := build{
		Version: stampVersion, Commit: stampCommit, Date: stampDate,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH, DatabaseFormat: vulndb.FormatVersion,
	}
	if info, ok := debug.ReadBuildInfo(); ok && b.Version == "" {
		b.Version = info.Main.Version
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.time":
				b.Date = s.Value
			}
		}
	}
	if b.Version == "" || b.Version == "(devel)" {
		b.Version = "dev"
	}
	return b
}

func (e *env) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version; compare versions of packages",
		Long: `Print the version of this binary, or, with 'version compare', the order of two package versions.
` + exitHelp,
		Example: `  sightline version
  sightline version --format json
  sightline version compare --ecosystem Debian 1.0~rc1-1 1.0-1`,
		Args: exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			switch format {
			case "text":
				fmt.Fprintf(e.stdout, "sightline %s\n", b.Version)
				if b.Commit != "" {
					fmt.Fprintf(e.stdout, "commit    %s %s\n", b.Commit, b.Date)
				}
				fmt.Fprintf(e.stdout, "built by  %s for %s\n", b.Go, b.Platform)
				fmt.Fprintf(e.stdout, "database  format %d\n", b.DatabaseFormat)
				return nil
			case "json":
				enc := json.NewEncoder(e.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(b)
			}
			return usage("--format %q: write text or json", format)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "text", "text or json")
	cmd.AddCommand(e.compareCommand())
	return cmd
}

func (e *env) compareCommand() *cobra.Command {
	var ecosystem string
	cmd := &cobra.Command{
		Use:   "compare --ecosystem E A B",
		Short: "Print <, = or >: how an ecosystem orders two versions",
		Long: `Print <, = or >: how the ecosystem's own package manager orders versions A and B.

E is the name of an OSV ecosystem in any case (Debian, Alpine, npm, PyPI, Go, Maven, RubyGems, crates.io, Packagist,
NuGet, ...), or rpm.
` + exitHelp,
		Example: `  sightline version compare --ecosystem Debian 1:1.0-1 2.0-1
  sightline version compare --ecosystem npm 1.0.0-rc.1 1.0.0
  sightline version compare --ecosystem rpm 1.0~beta 1.0`,
		Args: exactly(2, "two versions"),
		RunE: func(_ *cobra.Command, args []string) error {
			if ecosystem == "" {
				return usage("--ecosystem is missing: Debian, npm, PyPI, rpm, ...")
			}
			eco, ok := version.ForName(ecosystem)
			if !ok {
				return usage("--ecosystem %q is not known: write an OSV ecosystem's name, or rpm", ecosystem)
			}
			c, err := version.Compare(eco, args[0], args[1])
			if errors.Is(err, version.ErrUnordered) {
				return &Exit{Code: ExitUsage, Err: err}
			} else if err != nil {
				return err
			}
			_, err = fmt.Fprintln(e.stdout, strings.Split("< = >", " ")[c+1])
			return err
		},
	}
	cmd.Flags().StringVarP(&ecosystem, "ecosystem", "e", "", "OSV ecosystem in any case, or rpm")
	return cmd
}
