//! Keeps the addon in memory after its last environment has ended: threads may still run its destructors.
//!
//! On macOS and Windows this asks nothing of the linker. The addon looks up the functions of Node-API when it is loaded, so it
//! links no library of Node's.

fn main() {
    let system = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if !matches!(system.as_str(), "macos" | "windows") {
        napi_build::setup();
    }
}
