//! [`lend_descriptor!`]: the descriptor of a socket that is known to have one.

/// Writes the traits by which such a socket lends its descriptor.
macro_rules! lend_descriptor {
    ($type:ident [$field:tt]) => {
        #[cfg(unix)]
        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.$field.reserved_descriptor()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.$field.reserved_descriptor().as_raw_fd()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsSocket for $type {
            fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
                self.$field.reserved_descriptor()
            }
        }

        #[cfg(windows)]
        impl std::os::windows::io::AsRawSocket for $type {
            fn as_raw_socket(&self) -> std::os::windows::io::RawSocket {
                self.$field.reserved_descriptor().as_raw_socket()
            }
        }
    };
}
pub(crate) use lend_descriptor;
