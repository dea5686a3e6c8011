package java

import "bytes"

// classTree is the package that all classes of an archive are below.
type classTree struct {
	common []byte // with slashes, no slash at its end
	any    bool
}

// add takes the name of one class file.
func (t *classTree) add(name []byte) {
	dir := name[:max(bytes.LastIndexByte(name, '/'), 0)]
	if bytes.HasPrefix(dir, []byte("META-INF")) || bytes.HasPrefix(dir, []byte("WEB-INF")) || bytes.HasPrefix(dir, []byte("BOOT-INF")) ||
		len(dir) == 0 && bytes.Equal(name, []byte("module-info.class")) {
		return
	}
	if !t.any {
		t.any, t.common = true, bytes.Clone(dir)
		return
	}
	if bytes.HasPrefix(dir, t.common) && (len(dir) == len(t.common) || dir[len(t.common)] == '/') {
		return
	}
	n := 0
	for i := 0; ; i++ {
		a, b := i == len(t.common), i == len(dir)
		if a || t.common[i] == '/' {
			if b || dir[i] == '/' {
				n = i
			}
		}
		if a || b || t.common[i] != dir[i] {
			break
		}
	}
	t.common = t.common[:n]
}

// name is the package with dots.
func (t *classTree) name() string {
	return string(bytes.ReplaceAll(t.common, []byte("/"), []byte(".")))
}
