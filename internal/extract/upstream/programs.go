package upstream

import (
	"path"
	"strings"
)

// program is software whose files have version strings.
type program struct {
	name    string
	anchors []anchor
	last    bool // of several versions the highest counts, else the first
}

// anchor is what stands before the version, or behind it where behind is set.
type anchor struct {
	text   string
	behind bool
	// hidden is how much of the text's end is part of the version: "\x003." has the 3.
	hidden int
	form   form
}

// form is how makers write a version, and what must follow it.
type form struct {
	numbers int    // at least so many
	letters bool   // OpenSSL's: 1.0.2zh
	patch   bool   // Ruby's: 2.0.0p648
	patched bool   // OpenSSH's, always: 9.2p1. Without it is OpenBSD's own
	ends    string // one of these bytes follows; empty: any that is no part of a number
	soon    string // this stands in the next bytes
	notPast byte   // does not stand before the text
}

// programOf gives the software that brings files of this name. The names are those of the makers and of Debian's, Alpine's and RHEL's packages, which is what gets copied.
func programOf(p string) *program {
	base := path.Base(p)
	if programs := exactly[base]; programs != nil {
		return programs
	}
	for _, f := range families {
		if rest, ok := strings.CutPrefix(base, f.prefix); ok && f.fits(rest) {
			return f.program
		}
	}
	if version, ok := pythonVersion(base); ok {
		return python(version)
	}
	return nil
}

var exactly = map[string]*program{
	"nginx": nginx, "nginx-debug": nginx, "httpd": httpd, "apache2": httpd, "haproxy": haproxy, "lighttpd": lighttpd, "squid": squid, "varnishd": varnish,
	"redis-server": redis, "redis-check-rdb": redis, "redis-check-aof": redis, "redis-sentinel": redis, "valkey-server": valkey, "memcached": memcached,
	"postgres": postgresql, "mysqld": mysql, "mariadbd": mysql, "sqlite3": sqlite,
	"node": node, "deno": deno, "bun": bun, "php": php, "php-fpm": php, "php-cgi": php, "libphp.so": php, "libphp7.so": php, "libphp8.so": php, "ruby": ruby, "perl": perl,
	"libruby.so": ruby, "libsqlite3.so": sqlite, "libcurl.so": curl, "libz.so": zlib, "libcrypto.so": openssl, "libssl.so": openssl, "libperl.so": perl,
	"openssl": openssl, "curl": curl, "sshd": openssh, "ssh": openssh, "busybox": busybox, "bash": bash, "git": git,
}

// family is the files whose names go on with a version.
type family struct {
	prefix  string
	fits    func(rest string) bool
	program *program
}

var families = []family{
	{"libcrypto.so.", versioned, openssl},
	{"libssl.so.", versioned, openssl},
	{"libcurl.so.", versioned, curl},
	{"libz.so.", versioned, zlib},
	{"libsqlite3.so.", versioned, sqlite},
	{"libruby.so.", versioned, ruby},
	{"libruby-", libruby, ruby},
	{"libperl.so.", versioned, perl},
	{"php-fpm", versioned, php},
	{"php-cgi", versioned, php},
	{"php", versioned, php},
	{"ruby", versioned, ruby},
	{"perl", versioned, perl},
}

// versioned says whether s is nothing but numbers and dots, with OpenSSL's letter at the end perhaps.
func versioned(s string) bool {
	s = strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	return s != "" && '0' <= s[0] && s[0] <= '9' && strings.Trim(s, "0123456789.") == ""
}

// libruby is Debian's and Fedora's libruby-3.1.so.3.1.
func libruby(s string) bool {
	api, rest, ok := strings.Cut(s, ".so")
	return ok && versioned(api) && (rest == "" || versioned(strings.TrimPrefix(rest, ".")))
}

var (
	nginx      = &program{name: "nginx", anchors: []anchor{{text: "nginx version: nginx/", form: form{numbers: 3}}}}
	httpd      = &program{name: "httpd", anchors: []anchor{{text: "Apache/", form: form{numbers: 3}}}}
	haproxy    = &program{name: "haproxy", anchors: []anchor{{text: " version ", form: form{numbers: 2, soon: ", released 20"}}, {text: "HA-Proxy version ", form: form{numbers: 3}}}}
	lighttpd   = &program{name: "lighttpd", anchors: []anchor{{text: "lighttpd/", form: form{numbers: 3}}}}
	squid      = &program{name: "squid", anchors: []anchor{{text: "squid/", form: form{numbers: 2}}}}
	varnish    = &program{name: "varnish", anchors: []anchor{{text: "varnish-", form: form{numbers: 3, soon: " revision "}}}}
	memcached  = &program{name: "memcached", anchors: []anchor{{text: "memcached ", form: form{numbers: 3}}}}
	postgresql = &program{name: "postgresql", anchors: []anchor{{text: "postgres (PostgreSQL) ", form: form{numbers: 1}}}}
	mysql      = &program{name: "mysql", anchors: []anchor{{text: "-MariaDB", behind: true, form: form{numbers: 3}}, {text: "/mysql-", form: form{numbers: 3, ends: "/"}}}}
	node       = &program{name: "node", anchors: []anchor{{text: "node.js/v", form: form{numbers: 3}}}}
	deno       = &program{name: "deno", anchors: []anchor{{text: "Deno/", form: form{numbers: 3, notPast: '-'}}}}
	bun        = &program{name: "bun", anchors: []anchor{{text: "Bun v", form: form{numbers: 3}}}}
	php        = &program{name: "php", anchors: []anchor{{text: "X-Powered-By: PHP/", form: form{numbers: 3}}}}
	ruby       = &program{name: "ruby", anchors: []anchor{{text: "ruby ", form: form{numbers: 3, patch: true, ends: " "}}}}
	perl       = &program{name: "perl", anchors: []anchor{{text: "\x00v5.", hidden: 2, form: form{numbers: 3, ends: "\x00"}}}}
	openssl    = &program{name: "openssl", anchors: []anchor{{text: "OpenSSL ", form: form{numbers: 3, letters: true, ends: " -"}}}}
	curl       = &program{name: "curl", anchors: []anchor{{text: "curl/", form: form{numbers: 3}}, {text: "CLIENT libcurl ", form: form{numbers: 3}}}}
	openssh    = &program{name: "openssh", anchors: []anchor{{text: "OpenSSH_", form: form{numbers: 2, patched: true}}}}
	busybox    = &program{name: "busybox", anchors: []anchor{{text: "BusyBox v", form: form{numbers: 3}}}}
	bash       = &program{name: "bash", anchors: []anchor{{text: "@(#)Bash version ", form: form{numbers: 3}}}}
	git        = &program{name: "git", anchors: []anchor{{text: "git/", form: form{numbers: 3, ends: "\x00"}}}}
	zlib       = &program{name: "zlib", anchors: []anchor{{text: "deflate ", form: form{numbers: 2, soon: " Copyright "}}}}
	sqlite     = &program{name: "sqlite", anchors: []anchor{{text: "\x003.", hidden: 2, form: form{numbers: 3, ends: "\x00"}}}}

	// Redis has its version as a string without a mark. It also has in which version each of its commands came, and that is never a later one.
	redis  = &program{name: "redis", last: true, anchors: bare("234567")}
	valkey = &program{name: "valkey", last: true, anchors: bare("789")}
)

// bare are strings that are nothing but a version, by their first digit.
func bare(first string) []anchor {
	list := make([]anchor, 0, len(first))
	for i := range len(first) {
		list = append(list, anchor{text: "\x00" + first[i:i+1] + ".", hidden: 2, form: form{numbers: 3, ends: "\x00"}})
	}
	return list
}

// pythonVersion gives "3.11" for the names of an interpreter and its library: python3.11, python3.7m, libpython3.11.so.1.0, libpython2.7.so.
func pythonVersion(base string) (string, bool) {
	s, lib := strings.CutPrefix(base, "lib")
	s, ok := strings.CutPrefix(s, "python")
	if !ok {
		return "", false
	}
	if lib {
		var rest string
		if s, rest, ok = strings.Cut(s, ".so"); !ok || rest != "" && !versioned(strings.TrimPrefix(rest, ".")) {
			return "", false
		}
	}
	s = strings.TrimRight(s, "dmut") // ABI flags
	major, minor, ok := strings.Cut(s, ".")
	if !ok || major != "2" && major != "3" || minor == "" || len(minor) > 2 || strings.Trim(minor, "0123456789") != "" {
		return "", false
	}
	return s, true
}

// python looks for a string that ends in a version of this line. A linker may have put it at the end of another one (/opt/python/3.11.7).
func python(line string) *program {
	return &program{name: "python", anchors: []anchor{{text: line + ".", hidden: len(line) + 1, form: form{numbers: 3, ends: "\x00+", notPast: '.'}}}}
}
