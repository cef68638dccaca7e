"""The two seccomp filters: what a sealed child may do, and what a tool may not."""

import errno
from typing import Final

from filemill.processing.cage.seccomp import ALLOW, Argument, Rule, refuse

_PROT_EXEC: Final = 4
_CLONE_THREAD: Final = 0x00010000
_CLONE_NEW_NAMESPACES: Final = 0x7E020080
_AT_EMPTY_PATH: Final = 0x1000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_PR_GET_NAME: Final = 16
_PR_SET_VMA: Final = 0x53564D41
_FCNTL_COMMANDS: Final = (0, 1, 2, 3, 4, 1030)  # duplicate, and read or set flags: never owners, locks or signals
_CLOEXEC_IOCTLS: Final = (0x5450, 0x5451)
_TERMINAL_INJECTIONS: Final = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

_EPERM: Final = refuse(errno.EPERM)
_EACCES: Final = refuse(errno.EACCES)
_ENOSYS: Final = refuse(errno.ENOSYS)
_PRETEND: Final = refuse(0)
"""Nothing is done, and the caller is told that it was."""

# What libvips, PDFium, PyAV and Python itself call while they work on open descriptors.
_SEALED_CALLS: Final = (
    "read write readv writev pread64 pwrite64 preadv pwritev lseek close close_range fstat dup dup2 dup3 ftruncate "
    "fallocate fsync fdatasync copy_file_range sendfile fadvise64 pipe pipe2 poll ppoll select pselect6 eventfd2 "
    "munmap mremap madvise brk msync mincore "
    "futex set_robust_list get_robust_list rseq set_tid_address exit exit_group arch_prctl membarrier "
    "sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min "
    "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall "
    "clock_gettime clock_getres clock_nanosleep gettimeofday nanosleep time times getrusage getrlimit sysinfo uname "
    "getcpu getpid getppid gettid getuid geteuid getgid getegid getrandom"
)

# Libraries take EACCES on a path for a missing file and go on without it.
_PATH_CALLS: Final = (
    "open openat openat2 creat stat lstat access faccessat faccessat2 readlink readlinkat getcwd chdir statfs"
)

_TOOL_REFUSALS: Final = (
    # other processes
    "ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_open pidfd_getfd pidfd_send_signal "
    "kill tkill rt_sigqueueinfo rt_tgsigqueueinfo "
    # leaving the group or session that is killed as one
    "setsid setpgid "
    # the system
    "mount umount2 pivot_root chroot unshare setns mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick "
    "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key "
    "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl quotactl_fd "
    "syslog name_to_handle_at open_by_handle_at fanotify_init personality modify_ldt ioperm iopl lookup_dcookie "
    "nfsservctl vhangup settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname "
    # a change of user would also undo the wish to die with the parent
    "setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid capset setpriority ioprio_set "
    # memory that no limit counts
    "msgget semget shmget mq_open memfd_secret migrate_pages move_pages "
    # the owners and attributes of files, which Landlock lets everyone change who may
    "chown fchown lchown fchownat setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr "
    "removexattrat"
)
_NETWORK_CALLS: Final = "socket socketpair connect bind listen accept accept4"
# Modes and times as well; but copying a file sets them, and many a program gives up when it can't.
_PRETENDED_CALLS: Final = "chmod fchmod fchmodat fchmodat2 utime utimes futimesat utimensat"
_AF_UNIX: Final = 1
_SOCK_DGRAM: Final = 2
_LEASES_AND_OWNERS: Final = (8, 10, 15, 1024, 1026)  # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY


def for_sealed_child(*, channel: int, pid: int) -> tuple[Rule, ...]:
    """Return the allow-list of a sealed child: what is not in it fails with EPERM.

    Memory is never writable and executable, messages go over the channel alone, and only threads are born.
    A path is refused by every call that takes one but newfstatat: the C library's fstat is that call with an empty
    path, which no filter can tell from another path. There Landlock doesn't help either: what leaks is metadata.
    """
    return (
        *(Rule(call=call, action=ALLOW) for call in _SEALED_CALLS.split()),
        Rule(call="newfstatat", action=ALLOW, argument=Argument(index=3, bits=_AT_EMPTY_PATH), otherwise=_EACCES),
        *(Rule(call=call, action=_EACCES) for call in _PATH_CALLS.split()),
        Rule(call="statx", action=_ENOSYS),
        *(
            Rule(call=call, action=_EPERM, argument=Argument(index=2, bits=_PROT_EXEC), otherwise=ALLOW)
            for call in ("mmap", "mprotect", "pkey_mprotect")
        ),
        *(
            Rule(call=call, action=ALLOW, argument=Argument(index=0, values=(channel,)))
            for call in ("recvmsg", "sendmsg")
        ),
        Rule(call="clone", action=ALLOW, argument=Argument(index=0, bits=_CLONE_THREAD)),
        # clone3 keeps its flags behind a pointer; told it is missing, the C library falls back to clone.
        Rule(call="clone3", action=_ENOSYS),
        Rule(call="prctl", action=ALLOW, argument=Argument(index=0, values=(_PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA))),
        Rule(call="fcntl", action=ALLOW, argument=Argument(index=1, values=_FCNTL_COMMANDS)),
        Rule(
            call="ioctl",
            action=ALLOW,
            argument=Argument(index=1, values=_CLOEXEC_IOCTLS),
            otherwise=refuse(errno.ENOTTY),
        ),
        # abort() signals its own process.
        Rule(call="tgkill", action=ALLOW, argument=Argument(index=0, values=(pid,))),
    )


def for_tool(*, pid: int, may_fork: bool, may_use_unix_sockets: bool) -> tuple[Rule, ...]:
    """Return the deny-list of a tool: what is not in it is allowed. `pid` stays the tool's own through exec."""
    return (
        *(Rule(call=call, action=_EPERM) for call in _TOOL_REFUSALS.split()),
        *(Rule(call=call, action=_PRETEND) for call in _PRETENDED_CALLS.split()),
        *_rule_processes(pid, may_fork=may_fork),
        *_rule_sockets(may_use_unix_sockets=may_use_unix_sockets),
        Rule(call="clone3", action=_ENOSYS),
        Rule(call="fcntl", action=_EPERM, argument=Argument(index=1, values=_LEASES_AND_OWNERS), otherwise=ALLOW),
        Rule(call="prctl", action=_EPERM, argument=Argument(index=0, values=(_PR_SET_PDEATHSIG,)), otherwise=ALLOW),
        Rule(call="ioctl", action=_EPERM, argument=Argument(index=1, values=_TERMINAL_INJECTIONS), otherwise=ALLOW),
    )


def _rule_processes(pid: int, *, may_fork: bool) -> tuple[Rule, ...]:
    """Threads are born, and processes where they may; a signal reaches nobody but the process itself.

    One that was forked can't signal itself then, which only abort() and raise() want.
    """
    own_signal = Rule(call="tgkill", action=ALLOW, argument=Argument(index=0, values=(pid,)))
    if may_fork:
        namespaces = Argument(index=0, bits=_CLONE_NEW_NAMESPACES)
        return (Rule(call="clone", action=_EPERM, argument=namespaces, otherwise=ALLOW), own_signal)
    return (
        *(Rule(call=call, action=_EPERM) for call in ("fork", "vfork")),
        Rule(call="clone", action=ALLOW, argument=Argument(index=0, bits=_CLONE_THREAD)),
        own_signal,
    )


def _rule_sockets(*, may_use_unix_sockets: bool) -> tuple[Rule, ...]:
    """No network; at most Unix sockets that are paired or listened on. None is connected to a path.

    Neither Landlock nor a filter sees where a connect or a datagram goes, and the sockets of other services have paths.
    """
    if not may_use_unix_sockets:
        return tuple(Rule(call=call, action=_EPERM) for call in _NETWORK_CALLS.split())
    return (
        Rule(call="connect", action=_EPERM),
        *(
            rule
            for call in ("socket", "socketpair")
            for rule in (
                Rule(call=call, action=None, argument=Argument(index=0, values=(_AF_UNIX,)), otherwise=_EPERM),
                # Raw and datagram sockets have this bit, streams have not.
                Rule(call=call, action=_EPERM, argument=Argument(index=1, bits=_SOCK_DGRAM), otherwise=ALLOW),
            )
        ),
    )
