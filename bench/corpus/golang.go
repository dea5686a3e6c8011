package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/sightline-sec/sightline/bench/forms"
)

// library is something that services are made of: what to import and a value whose methods are linked in.
type library struct{ module, version, path, value string }

var libraries = []library{
	{"k8s.io/client-go", "v0.31.3", "k8s.io/client-go/kubernetes", "new(lib%d.Clientset)"},
	{"google.golang.org/grpc", "v1.67.1", "google.golang.org/grpc", "new(lib%d.Server)"},
	{"github.com/gin-gonic/gin", "v1.10.0", "github.com/gin-gonic/gin", "new(lib%d.Engine)"},
	{"github.com/jackc/pgx/v5", "v5.7.1", "github.com/jackc/pgx/v5", "new(lib%d.Conn)"},
	{"github.com/redis/go-redis/v9", "v9.7.0", "github.com/redis/go-redis/v9", "new(lib%d.Client)"},
	{"github.com/go-git/go-git/v5", "v5.12.0", "github.com/go-git/go-git/v5", "new(lib%d.Repository)"},
	{"github.com/prometheus/client_golang", "v1.20.5", "github.com/prometheus/client_golang/prometheus", "new(lib%d.Registry)"},
	{"github.com/nats-io/nats.go", "v1.37.0", "github.com/nats-io/nats.go", "new(lib%d.Conn)"},
	{"github.com/spf13/viper", "v1.19.0", "github.com/spf13/viper", "new(lib%d.Viper)"},
	{"github.com/google/go-containerregistry", "v0.20.2", "github.com/google/go-containerregistry/pkg/v1/remote", "new(lib%d.Puller)"},
}

// goPrograms is how many programs go20 has.
const goPrograms = 20

// program writes the source of program i: the Kubernetes client in three of four, and four more libraries in turn. Calling a
// method by a name that is not known before keeps the linker from leaving most of them out, as a real program would use them.
func program(i int) string {
	var imports, values strings.Builder
	use := func(n int) {
		fmt.Fprintf(&imports, "\tlib%d %q\n", n, libraries[n].path)
		fmt.Fprintf(&values, "\t\t"+libraries[n].value+",\n", n)
	}
	if i%4 != 3 {
		use(0)
	}
	others := len(libraries) - 1
	for k := range 4 {
		use(1 + (i+k*2)%others)
	}
	return fmt.Sprintf(`package main

import (
	"fmt"
	"os"
	"reflect"

%s)

func main() {
	for _, v := range []any{
%s	} {
		fmt.Println(%d, reflect.ValueOf(v).MethodByName(os.Args[0]))
	}
}
`, imports.String(), values.String(), i)
}

// programs builds the programs and returns their folder.
func (m *maker) programs(ctx context.Context) (string, error) {
	bin := m.work("gobin")
	return bin, once(bin, func(partial string) error {
		src := m.work("gosrc")
		var mod strings.Builder
		mod.WriteString("module bench.example/services\n\ngo 1.23\n\nrequire (\n")
		for _, l := range libraries {
			mod.WriteString("\t" + l.module + " " + l.version + "\n")
		}
		mod.WriteString(")\n")
		if err := write(filepath.Join(src, "go.mod"), mod.String()); err != nil {
			return err
		}
		for i := range goPrograms {
			if err := write(filepath.Join(src, fmt.Sprintf("service%02d", i), "main.go"), program(i)); err != nil {
				return err
			}
		}
		env := []string{"GOFLAGS=-mod=mod -buildvcs=false -trimpath", "CGO_ENABLED=0", "GOWORK=off"}
		m.say("  fetching modules")
		if err := m.command(ctx, src, env, "go", "mod", "tidy"); err != nil {
			return fmt.Errorf("%w\nGo modules come from the module proxy: is there a network?", err)
		}
		m.say("  building %d programs", goPrograms)
		return m.command(ctx, src, env, "go", "build", "-p", fmt.Sprint(max(1, runtime.NumCPU())), "-o", partial+"/", "./...")
	})
}

func write(file, content string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o644)
}

// bare is the base of images without a distribution's tools.
func bare(t *forms.Tree) error {
	for _, d := range []string{"etc", "usr", "usr/lib", "tmp"} {
		if err := t.Mkdir(d); err != nil {
			return err
		}
	}
	release := "PRETTY_NAME=\"Distroless\"\nNAME=\"Debian GNU/Linux\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n"
	if err := t.File("etc/os-release", release); err != nil {
		return err
	}
	return t.File("etc/passwd", "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n")
}

// go20 is a bare base and four layers of five programs each.
func (m *maker) go20(ctx context.Context) error {
	base, err := m.pool.Layer("bare", "COPY base /", bare)
	if err != nil {
		return err
	}
	layers := []forms.Layer{base}
	const part = 5
	for i := 0; i < goPrograms; i += part {
		l, err := m.pool.Layer(fmt.Sprintf("go20-%d", i/part), "COPY bin /usr/local/bin", func(t *forms.Tree) error {
			bin, err := m.programs(ctx)
			if err != nil {
				return err
			}
			for _, d := range []string{"usr/local", "usr/local/bin"} {
				if err := t.Mkdir(d); err != nil {
					return err
				}
			}
			for k := i; k < min(i+part, goPrograms); k++ {
				name := fmt.Sprintf("service%02d", k)
				if err := t.OnDisk(filepath.Join(bin, name), "usr/local/bin/"+name); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		layers = append(layers, l)
	}
	return forms.Write(m.image("go20"), forms.Image{Name: "go20", Layers: layers})
}
