// Package cli is the command line: it parses flags, wires the rooms together, runs, prints and gives the exit code. It
// promises the same exit codes everywhere (see [Exit]), answers on stdout and talk on stderr, and errors that say what
// went wrong and what to try. It decides nothing about images or vulnerabilities.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/config"
	"github.com/sightline-sec/sightline/internal/vulndb"
)

// Exit codes, the same for all commands.
const (
	ExitPass        = 0 // done; and no policy failed
	ExitPolicy      = 1 // a policy failed
	ExitUsage       = 2 // wrong usage: flags, arguments, settings
	ExitScan        = 3 // could not scan, or not wholly
	ExitUnreachable = 4 // a registry, feed, database or server could not be reached
)

const exitHelp = `
EXIT STATUS
  0  pass
  1  a policy failed
  2  wrong usage
  3  could not scan, or only in part
  4  a registry, feed, database or server could not be reached
`

// Exit is an error with the exit code it leads to and, where there is one, a hint for the person.
type Exit struct {
	Code int
	Hint string
	Err  error
}

// Error is the error's own text.
func (e *Exit) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Exit) Unwrap() error { return e.Err }

func usage(format string, args ...any) error {
	return &Exit{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// env is what a command gets from the world around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	answer         *answerWriter // behind stdout
	getenv         func(string) string
	dirs           config.Dirs

	settings  *config.Settings
	log       *slog.Logger
	logLevel  string
	logFormat string
	color     string
	config    string
	db        string
}

// memorySoftLimit is where the garbage collector begins to work harder: a hostile image must not take a machine's memory.
const memorySoftLimit = 384 << 20

// Main runs the program with its arguments, without the program's name, and gives the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	answer := &answerWriter{Writer: stdout}
	e := &env{stdin: stdin, stdout: answer, answer: answer, stderr: stderr, getenv: os.Getenv, dirs: config.FindDirs(os.Getenv)}
	root := e.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(answer)
	root.SetErr(stderr)
	return e.finish(ctx, root.ExecuteContext(ctx))
}

// finish tells an error and turns it into the exit code.
func (e *env) finish(ctx context.Context, err error) int {
	if err == nil && e.answer.err != nil && !errors.Is(e.answer.err, syscall.EPIPE) {
		err = fmt.Errorf("writing the answer: %w", e.answer.err)
	}
	if err == nil {
		return ExitPass
	}
	code, hint := classify(err)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err, hint = errors.New("interrupted"), ""
	}
	fmt.Fprintf(e.stderr, "sightline: %s\n", printable(redact(err.Error())))
	if hint != "" {
		fmt.Fprintf(e.stderr, "hint: %s\n", hint)
	}
	return code
}

// classify gives an error's exit code and a hint.
func classify(err error) (code int, hint string) {
	if x, ok := errors.AsType[*Exit](err); ok {
		return x.Code, x.Hint
	}
	switch {
	case errors.Is(err, vulndb.ErrCorrupt):
		return ExitUnreachable, "the database is damaged; build it again: sightline db update"
	case errors.Is(err, artifact.ErrUnreachable):
		return ExitUnreachable, "check the name, the network and your credentials (docker login, podman login); --log-level debug tells more"
	case errors.Is(err, artifact.ErrNotFound):
		return ExitScan, "a name without a scheme is a file or directory if there is one, else an image of an engine here or in a registry; see sightline scan --help"
	case errors.Is(err, artifact.ErrUnsupported):
		return ExitScan, ""
	}
	return ExitScan, ""
}

// parserWords are what Go's parsers put before the cause.
var parserWords = regexp.MustCompile(`strconv\.Parse[A-Za-z]+: parsing "[^"]*": |time: `)

func (e *env) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sightline",
		Short: "Find what is in container images, and which vulnerabilities matter",
		Long: `Sightline finds the packages in container images, root file systems, directories and SBOMs, matches them against
a vulnerability database built from the upstreams' own feeds, and says what to fix first.

It works with no network: a small starter database is built in, and 'sightline db update' fetches the full one.
` + exitHelp,
		Example: `  sightline scan alpine:3.20
  sightline scan image.tar --format json=result.json --format table
  sightline explain CVE-2021-44228
  sightline db update`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "see sightline --help"
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean " + strings.Join(near, " or ") + "?"
			}
			return &Exit{Code: ExitUsage, Hint: hint, Err: fmt.Errorf("unknown command %q", args[0])}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &Exit{Code: ExitUsage, Hint: fmt.Sprintf("see %s --help", cmd.CommandPath()), Err: errors.New(parserWords.ReplaceAllString(err.Error(), ""))}
	})
	f := root.PersistentFlags()
	f.StringVar(&e.config, "config", "", "settings file (default "+shorten(e.getenv, e.dirs.Config)+"/config.yaml)")
	f.StringVar(&e.logLevel, "log-level", "", "debug, info, warn or error (default warn)")
	f.StringVar(&e.logFormat, "log-format", "", "text or json (default text)")
	f.StringVar(&e.color, "color", "auto", "auto, always or never; NO_COLOR is honoured")
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return e.prepare() }
	root.AddCommand(e.scanCommand(), e.dbCommand(), e.explainCommand(), e.diffCommand(), e.versionCommand())
	return root
}

// prepare reads the settings and makes the logger, before any command runs.
func (e *env) prepare() error {
	path, named := e.config, e.config != ""
	if !named {
		path = e.dirs.Config + "/config.yaml"
	}
	s, err := config.Load(path, named, e.getenv)
	if err != nil {
		return &Exit{Code: ExitUsage, Err: err}
	}
	e.settings = s
	level := slog.LevelWarn
	if word := first(e.logLevel, s.LogLevel); word != "" {
		if err := level.UnmarshalText([]byte(word)); err != nil {
			return usage("--log-level %q: write debug, info, warn or error", word)
		}
	}
	o := &slog.HandlerOptions{Level: level}
	switch word := first(e.logFormat, s.LogFormat, "text"); word {
	case "text":
		e.log = slog.New(slog.NewTextHandler(e.stderr, o))
	case "json":
		e.log = slog.New(slog.NewJSONHandler(e.stderr, o))
	default:
		return usage("--log-format %q: write text or json", word)
	}
	switch e.color {
	case "auto", "always", "never":
	default:
		return usage("--color %q: write auto, always or never", e.color)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memorySoftLimit)
	}
	return nil
}

// first gives the first word that is not empty.
func first(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}

// shorten writes a folder below the home folder with a tilde, for help texts.
func shorten(getenv func(string) string, dir string) string {
	if home := getenv("HOME"); home != "" && strings.HasPrefix(dir, home+"/") {
		return "~" + dir[len(home):]
	}
	return dir
}

// exactly wants n arguments, and says which.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return &Exit{
			Code: ExitUsage, Hint: fmt.Sprintf("see %s --help", cmd.CommandPath()),
			Err: fmt.Errorf("%s wants %s; got %s", cmd.CommandPath(), what, counted(len(args), "argument")),
		}
	}
}

// answerWriter remembers the first error of writing to stdout: an answer that was cut off must not end in success.
type answerWriter struct {
	io.Writer
	err error
}

func (w *answerWriter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// credentials are a user and password before a host, as people put them into URLs.
var credentials = regexp.MustCompile(`[^\s/@:"]+:[^\s/@"]+@[^\s"]`)

// redact takes passwords out of text that repeats what a user wrote. A tag before a digest (app:1@sha256:...) looks alike.
func redact(s string) string {
	out, from := "", 0
	for _, m := range credentials.FindAllStringIndex(s, -1) {
		at := strings.LastIndexByte(s[m[0]:m[1]], '@') + m[0]
		if strings.HasPrefix(s[at+1:], "sha256:") || strings.HasPrefix(s[at+1:], "sha512:") {
			continue
		}
		user, _, _ := strings.Cut(s[m[0]:at], ":")
		out += s[from:m[0]] + user + ":xxxxx"
		from = at
	}
	return out + s[from:]
}

// printable takes control characters, and those that turn the direction of writing, out of text that may hold names from an image.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t':
			return r
		case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '?'
		}
		return r
	}, s)
}
