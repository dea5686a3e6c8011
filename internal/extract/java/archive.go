package java

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/semaphore"

	"github.com/sightline-sec/sightline/internal/artifact"
	"github.com/sightline-sec/sightline/internal/extract"
)

// Limits of what one file may cost. Honest files are far below; the deepest that is usual is a jar in a war in an ear.
const (
	maxNesting  = 8         // archives in archives
	maxArchives = 20_000    // nested archives of one file
	maxWanted   = 50_000    // entries of one archive that are looked into
	maxInflated = 128 << 20 // one nested archive, when it is compressed
	maxMemory   = 256 << 20 // nested archives that all extractions together hold inflated
	maxMetadata = 1 << 20   // one pom or properties file
	maxName     = 4096      // of an entry

	// What is inflated of a file, and read of the directories of nested archives, which may lie over one another.
	workFloor, workPerByte = 64 << 20, 8
	workPerEntry           = 1 << 10
	workPerPomByte         = 16 // XML is slower than deflate
)

// isSuffix says whether archives are named so. Some suffixes belong to other formats too: what is no zip is then no damage.
func isSuffix(ext string) (shared, ok bool) {
	switch ext {
	case ".jar", ".war", ".ear", ".hpi", ".jpi":
		return false, true
	case ".par", ".sar", ".kar", ".nar", ".rar", ".lpkg":
		return true, true
	}
	return false, false
}

// archives is the extractor of jars and their kin.
type archives struct {
	memory  *semaphore.Weighted
	scratch *sync.Pool // of *scratch
}

// scratch is what reading archives needs again and again.
type scratch struct {
	directory  *bufio.Reader // holds the largest record
	compressed *bufio.Reader
	inflate    io.ReadCloser
	// nested are the inflated archives of each depth, one at a time.
	nested [maxNesting][]byte
}

// forget lets go of the file.
func (s *scratch) forget() {
	s.directory.Reset(nil)
	s.compressed.Reset(nil)
}

var _ extract.Extractor = (*archives)(nil)

func newArchives() *archives {
	return &archives{
		memory: semaphore.NewWeighted(maxMemory),
		scratch: &sync.Pool{New: func() any {
			return &scratch{
				directory:  bufio.NewReaderSize(nil, headerSize+2*0xffff),
				compressed: bufio.NewReader(nil),
				inflate:    flate.NewReader(bytes.NewReader(nil)),
			}
		}},
	}
}

func (*archives) Name() string  { return "java" }
func (*archives) Revision() int { return 2 }

func (*archives) Claims() []extract.Claim {
	var list []extract.Claim
	for _, s := range []string{".jar", ".war", ".ear", ".hpi", ".jpi", ".par", ".sar", ".kar", ".nar", ".rar", ".lpkg"} {
		list = append(list, extract.Claim{Suffix: s, RandomAccess: true})
	}
	return list
}

func (x *archives) Extract(ctx context.Context, file *extract.File, facts *extract.Facts) error {
	ra := file.ReaderAt()
	if ra == nil {
		return nil
	}
	if file.Size == 0 {
		emptyArchive(facts, location{outer: file.Path})
		return nil
	}
	s := x.scratch.Get().(*scratch)
	defer x.scratch.Put(s)
	defer s.forget()
	r := &reading{
		alive: ctx.Err, scratch: s, memory: x.memory, facts: facts,
		work: workFloor + workPerByte*min(file.Size, 1<<40),
	}
	return r.archive(ctx, ra, file.Size, location{outer: file.Path})
}

// location is where an archive lies: the path of the file, and the way inside it to a nested archive.
type location struct {
	outer  string
	inside string // "BOOT-INF/lib/a.jar", "a.war!/WEB-INF/lib/b.jar"; empty for the file itself
	name   string // of the innermost entry, with its path in its archive
	depth  int
}

// path is what names the archive: its own path in what holds it.
func (l location) path() string {
	if l.inside == "" {
		return l.outer
	}
	return l.name
}

// in describes the place for Evidence.Detail and messages.
func (l location) in(text string) string {
	if l.inside == "" {
		return text
	}
	return "in " + clip(l.inside) + ": " + text
}

func (l location) nested(name string) location {
	inside := name
	if l.inside != "" {
		inside = l.inside + "!/" + name
	}
	return location{outer: l.outer, inside: inside, name: name, depth: l.depth + 1}
}

// clip makes a name from an archive fit for a message.
func clip(name string) string {
	const most = 300
	if len(name) > most {
		name = name[:most/2] + "..." + name[len(name)-most/2:]
	}
	return strings.ToValidUTF8(name, "?")
}

// isArchive tells by the name; shared is true for suffixes of other formats too.
func isArchive(name []byte) (shared, ok bool) {
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot > len(".lpkg") || len(name) > maxName {
		return false, false
	}
	ext := name[dot:]
	if shared, ok = isSuffix(string(ext)); !ok && bytes.ContainsFunc(ext, func(c rune) bool { return 'A' <= c && c <= 'Z' }) {
		return isSuffix(string(bytes.ToLower(ext)))
	}
	return shared, ok
}

// reading is the state of reading one file.
type reading struct {
	alive    func() error // the error of the context
	scratch  *scratch
	memory   *semaphore.Weighted
	facts    *extract.Facts
	work     int64 // bytes that may still be read
	archives int
	held     int64 // of memory, taken by the outermost inflated archive
	free     int64 // of held
	spent    bool  // work is used up, and that was reported
}

var errSpent = errors.New("no work left")

// spend takes n bytes of work.
func (r *reading) spend(n int64, at location) error {
	if err := r.alive(); err != nil {
		return err
	}
	if r.work -= n; r.work >= 0 {
		return nil
	}
	if !r.spent {
		r.spent = true
		r.facts.Report(artifact.BytesLimit, at.in("its parts are larger than an archive of this size is read for; the rest is left out"))
	}
	return errSpent
}

// archive reads one archive. The error is one that ends the reading of the whole file; what concerns only this archive
// is reported.
func (r *reading) archive(ctx context.Context, ra io.ReaderAt, size int64, at location) error {
	z, err := openZip(ra, size)
	if err != nil {
		shared, _ := isArchive([]byte(at.path()))
		switch {
		case errors.Is(err, errNotZip) && shared:
			return nil
		case errors.Is(err, errNotZip):
			r.facts.Report(artifact.Unparsable, at.in(err.Error()))
			return nil
		}
		return r.damage(err, at)
	}
	if err := r.spend(z.cost(), at); err != nil {
		return r.left(err)
	}
	c, err := r.contents(z, at)
	if err != nil {
		if err = r.damage(err, at); err != nil {
			return err
		}
	}
	if err := r.packages(z, c, at); err != nil {
		return r.left(err)
	}
	for _, e := range c.nested {
		if err := r.nested(ctx, z, e, at.nested(e.name)); err != nil {
			return r.left(err)
		}
	}
	return nil
}

// left turns used-up work, which was reported, into silence at the top.
func (r *reading) left(err error) error {
	if errors.Is(err, errSpent) {
		return nil
	}
	return err
}

// emptyArchive reports an archive without a byte: a build or a copy that failed.
func emptyArchive(facts *extract.Facts, at location) {
	if shared, _ := isArchive([]byte(at.path())); !shared {
		facts.Report(artifact.Unparsable, at.in("an archive of 0 bytes"))
	}
}

// damage reports what is wrong in one place. The error that it returns ends the file: the scan is over.
func (r *reading) damage(err error, at location) error {
	if r.alive() != nil {
		return r.alive()
	}
	if errors.Is(err, errSpent) {
		return err
	}
	inc, ok := artifact.AsIncomplete(err, "", nil)
	if !ok {
		return err
	}
	r.facts.Report(inc.Reason, at.in(inc.Detail))
	return nil
}
