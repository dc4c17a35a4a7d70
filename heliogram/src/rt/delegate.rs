//! [`delegate!`]: methods that a runtime's socket has from the socket that it owns.

/// Writes methods that call a field's method of the same name, or of the name behind `=`, and whose documentation refers to it.
///
/// ```text
/// delegate! { TokioSocket [socket]: "Socket" {
///     fn try_send(&self, message: &[u8]) -> Result<usize>;
///     fn address = local_addr(&self) -> Result<SocketAddr>;
/// } }
/// ```
macro_rules! delegate {
    ($type:ident $field:tt: $path:literal {
        $(fn $name:ident $(= $method:ident)? (&self $(, $argument:ident: $argument_type:ty)*) -> $output:ty;)*
    }) => {
        impl $type {
            $(delegate! {
                @method $field, $path, $name, ($name $($method)?), ($($argument: $argument_type),*) -> $output
            })*
        }
    };
    (@method $field:tt, $path:literal, $name:ident, ($same:ident), $($signature:tt)*) => {
        delegate! { @write $field, $path, $name, $same, $($signature)* }
    };
    (@method $field:tt, $path:literal, $name:ident, ($same:ident $method:ident), $($signature:tt)*) => {
        delegate! { @write $field, $path, $name, $method, $($signature)* }
    };
    (@write [$($field:ident).+], $path:literal, $name:ident, $method:ident,
        ($($argument:ident: $argument_type:ty),*) -> $output:ty) => {
        #[doc = concat!("As [`", $path, "::", stringify!($method), "`](crate::", $path, "::", stringify!($method), ").")]
        ///
        /// # Errors
        ///
        #[doc = concat!("Those of [`", $path, "::", stringify!($method), "`](crate::", $path, "::", stringify!($method), ").")]
        pub fn $name(&self $(, $argument: $argument_type)*) -> $output {
            self.$($field).+.$method($($argument),*)
        }
    };
}
pub(crate) use delegate;
