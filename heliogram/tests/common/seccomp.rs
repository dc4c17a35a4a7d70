//! System calls and options that the kernel refuses, by a filter of seccomp (`seccomp(2)`). For the tests of the library, and for
//! `cargo xtask refuse`, which starts programs of other languages so.

use std::io;

/// A system call that is refused with an error number, where these arguments have these values.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) call: libc::c_long,
    /// Positions from 0, and the lower 32 bits.
    pub(crate) arguments: Vec<(u32, u32)>,
    pub(crate) errno: i32,
}

/// Refuses this thread, and the threads and programs that it starts, what is listed.
pub(crate) fn refuse(refused: &[Refused]) -> io::Result<()> {
    let mut filter: Vec<_> = refused.iter().flat_map(Refused::instructions).collect();
    filter.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the calls take integers, and a pointer to a program that lives until they have returned.
    let outcome = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program)
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Refused {
    /// Instructions that refuse it, and go on behind themselves otherwise.
    fn instructions(&self) -> Vec<libc::sock_filter> {
        let number = std::iter::once((NUMBER, self.call as u32));
        let arguments = self.arguments.iter().map(|&(index, value)| (argument(index), value));
        let checks: Vec<_> = number.chain(arguments).collect();
        let count = checks.len();
        let mut program = Vec::new();
        for (index, (offset, wanted)) in checks.into_iter().enumerate() {
            program.push(statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset));
            let to_the_end = (2 * (count - index) - 1) as u8;
            let code = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
            program.push(libc::sock_filter { code, jt: 0, jf: to_the_end, k: wanted });
        }
        program.push(statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | self.errno as u32));
        program
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Where `struct seccomp_data` has the call's number.
const NUMBER: u32 = 0;

/// The lower half of an argument of the call, on a little-endian machine.
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}
