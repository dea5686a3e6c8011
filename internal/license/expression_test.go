package license

import (
	"strings"
	"testing"
)

func TestExpression(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		declared string // several are separated by ;
		join     Join
		want     string
	}{
		{"MIT", Unclear, "MIT"},
		{"mit", Unclear, "MIT"},
		{"The MIT License", Unclear, "MIT"},
		{"Expat", Unclear, "MIT"},
		{"Apache License, Version 2.0", Unclear, "Apache-2.0"},
		{"The Apache Software License, Version 2.0", Unclear, "Apache-2.0"},
		{"http://www.apache.org/licenses/LICENSE-2.0.txt", Unclear, "Apache-2.0"},
		{"https://opensource.org/licenses/MIT", Unclear, "MIT"},
		{"ASL 2.0 and (MIT or GPLv2+)", Unclear, "Apache-2.0 AND (MIT OR GPL-2.0-or-later)"},
		{"GPLv2+ or LGPLv2.1", Unclear, "GPL-2.0-or-later OR LGPL-2.1-only"},
		{"GPL-2+ with Autoconf-exception-2.0", Unclear, "GPL-2.0-or-later WITH Autoconf-exception-2.0"},
		{"GPL-2", Unclear, "GPL-2.0-only"},
		{"LGPL-2", Unclear, "LGPL-2.0-only"},
		{"LGPLv2.1+", Unclear, "LGPL-2.1-or-later"},
		{"AGPL-3+", Unclear, "AGPL-3.0-or-later"},
		{"BSD-2-clause", Unclear, "BSD-2-Clause"},
		{"MPL-1.1 or GPL-2+ or LGPL-2.1+", Unclear, "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.1-or-later"},
		{"GPL-4", Unclear, ""},
		{"GPL-2.1", Unclear, ""},
		{"MIT/X11", Unclear, "MIT"},
		{"common-licenses/GPL-2", Unclear, ""},
		{"GFDL-NIV-1.3+", Unclear, "GFDL-1.3-no-invariants-or-later"},
		{"MIT/Apache-2.0", Unclear, "MIT OR Apache-2.0"},
		{"Apache-2.0 / MIT", Unclear, "Apache-2.0 OR MIT"},
		{"License :: OSI Approved :: GNU General Public License v3 or later (GPLv3+)", Unclear, "GPL-3.0-or-later"},
		{"Eclipse Public License - v 2.0", Unclear, "EPL-2.0"},
		{"GPL2 w/ CPE", Unclear, "GPL-2.0-only WITH Classpath-exception-2.0"},
		{"The ISC License", Unclear, "ISC"},
		{"ISC License (ISCL)", Unclear, "ISC"},
		{"MIT License (MIT)", Unclear, "MIT"},
		{"The MIT License (MIT)", Unclear, "MIT"},
		{"Expat (MIT/X11)", Unclear, "MIT"},
		{"BSD License (BSD-3-Clause)", Unclear, "BSD-3-Clause"},
		{"Apache License (Apache-2.0)", Unclear, "Apache-2.0"},
		{"Apache License (MIT)", Unclear, ""},
		{"Modified MIT (MIT)", Unclear, ""},
		{"MIT License (BSD)", Unclear, ""},
		{"GNU General Public License (GPL)", Unclear, ""},
		{"BSD (MIT)", Unclear, ""},
		{"MIT (MIT) (MIT)", Unclear, ""},
		{"GNU GPLv3+", Unclear, "GPL-3.0-or-later"},
		{"GNU GPL v2 or later", Unclear, "GPL-2.0-or-later"},
		{"GPL3", Unclear, "GPL-3.0-only"},
		{"LGPL2+", Unclear, "LGPL-2.0-or-later"},
		{"GNU GPL", Unclear, ""},
		{"GPL-2+ with Libtool exception", Unclear, "GPL-2.0-or-later WITH Libtool-exception"},
		{"GPL-2 with Linux-syscall-note exception", Unclear, "GPL-2.0-only WITH Linux-syscall-note"},
		{"Apache-2.0 with LLVM exceptions", Unclear, "Apache-2.0 WITH LLVM-exception"},
		{"CDDL-1.1 or GPL-2 with classpath exception", Unclear, "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0"},
		{"GPL-3+ with Bison exception", Unclear, "GPL-3.0-or-later WITH Bison-exception-2.2"},
		{"GPL-2+ with Bison exception", Unclear, ""},
		{"GPL-2+ with Autoconf exception", Unclear, ""},
		{"OpenLDAP-2.8", Unclear, "OLDAP-2.8"},
		{"Python Software Foundation License", Unclear, ""},
		{"Apache Software License", Unclear, ""},
		{"Artistic", Unclear, ""},
		{"MIT;Apache-2.0", Unclear, ""},
		{"MIT;mit", Unclear, "MIT"},
		{"MIT;Apache-2.0", Choice, "MIT OR Apache-2.0"},
		{"MIT;GPL-2+ or Artistic-2.0", All, "MIT AND (GPL-2.0-or-later OR Artistic-2.0)"},
		{"MIT;whatever", All, ""},
		{"BSD", Unclear, ""},
		{"GPL", Unclear, ""},
		{"GPL+", Unclear, ""},
		{"SEE LICENSE IN LICENSE.md", Unclear, ""},
		{"MIT, BSD", Unclear, ""},
		{"MIT and", Unclear, ""},
		{"Classpath-exception-2.0", Unclear, ""},
		{"(MIT", Unclear, ""},
		{strings.Repeat("(", 100) + "mit" + strings.Repeat(")", 100), Unclear, ""},
		{"", Unclear, ""},
	} {
		if got := Expression(strings.Split(tt.declared, ";"), tt.join); got != tt.want {
			t.Errorf("%q %s: %q, want %q", tt.declared, tt.join, got, tt.want)
		}
	}
}

func TestKnownNamesGiveExpressions(t *testing.T) {
	t.Parallel()
	for k, id := range known {
		if !IsExpression(id) {
			t.Errorf("%s: %s is no expression", k, id)
		}
		if again := key(k); again != k {
			t.Errorf("%q can never be asked for: its key is %q", k, again)
		}
	}
}

// FuzzExpression: what is given is always a valid expression, and giving it again changes nothing.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"MIT or Apache 2.0", "(GPLv2+ and BSD-3-Clause) with x", "a/b|c", "LGPL-2.1+ & ISC", "MIT License (MIT)", "GPL-2+ with libtool exception"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := Expression([]string{s}, Unclear)
		if e == "" {
			return
		}
		if !IsExpression(e) {
			t.Fatalf("%q gives %q", s, e)
		}
		if again := Expression([]string{e}, Unclear); again != e {
			t.Fatalf("%q gives %q, and that %q", s, e, again)
		}
	})
}

func BenchmarkExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Expression([]string{"Apache License, Version 2.0", "MIT"}, Choice)
	}
}
