package rootfs

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for the other end of a FIFO and from following a link.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// device tells file systems apart; 0 where that is not known.
func device(fi fs.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return st.Dev
	}
	return 0
}

// isPseudo says whether dir is on a file system that the kernel makes up. tmpfs and overlay are not among them: root file
// systems lie on both.
func isPseudo(dir *os.Root) bool {
	f, err := dir.Open(".")
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false
	}
	switch uint32(st.Type) {
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC,
		unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC,
		unix.PSTOREFS_MAGIC, unix.BPF_FS_MAGIC, unix.DEVPTS_SUPER_MAGIC, unix.AUTOFS_SUPER_MAGIC,
		unix.EFIVARFS_MAGIC, unix.HUGETLBFS_MAGIC, unix.BINFMTFS_MAGIC, unix.NSFS_MAGIC,
		mqueueMagic, configfsMagic, fusectlMagic, rpcPipeMagic:
		return true
	}
	return false
}

// Numbers of the kernel that golang.org/x/sys does not name.
const (
	mqueueMagic   = 0x19800202
	configfsMagic = 0x62656570
	fusectlMagic  = 0x65735543
	rpcPipeMagic  = 0x67596969
)
