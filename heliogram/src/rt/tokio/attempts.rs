//! [`attempts!`]: the methods of a tokio socket that answer at once.

/// Writes methods that call the socket's method of the same name, or what is behind `=`, and clear the report of its readiness if that would block.
macro_rules! attempts {
    ($interest:expr, $ready:literal {
        $(fn $name:ident(&self $(, $argument:ident: $argument_type:ty)*) -> $output:ty $(= |$socket:ident| $call:expr)?;)*
    }) => {
        /// What never waits.
        impl TokioSocket {
            $(
                #[doc = concat!("As [`Socket::", stringify!($name), "`](crate::Socket::", stringify!($name), "). After `EAGAIN`,")]
                #[doc = concat!("[`", $ready, "`](Self::", $ready, ") waits until it is worth another call.")]
                ///
                /// # Errors
                ///
                #[doc = concat!("Those of [`Socket::", stringify!($name), "`](crate::Socket::", stringify!($name), ").")]
                pub fn $name(&self $(, $argument: $argument_type)*) -> $output {
                    self.readiness.attempt($interest, || attempts!(@call self $name($($argument),*) $(|$socket| $call)?))
                }
            )*
        }
    };
    (@call $self:ident $name:ident($($argument:ident),*)) => { $self.socket.$name($($argument),*) };
    (@call $self:ident $name:ident($($argument:ident),*) |$socket:ident| $call:expr) => {{
        let $socket = $self;
        $call
    }};
}
pub(super) use attempts;
